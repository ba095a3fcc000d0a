import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { listFiles } from '../bootstrap/stamp.mjs'
import { directionProblems } from './dependency-rules.ts'
import { importedPackages } from './imported-packages.ts'
import { publishablePackages, root, runtimeDependencies, type WorkspacePackage } from './workspace-packages.ts'

/**
 * Dependencies point inward, and what a package's own code imports is installed with it (its tests may use more).
 */
export async function checkDependencyDirections(): Promise<void> {
  const problems = await Promise.all(publishablePackages().map(packageProblems))
  if (problems.flat().length > 0) throw new Error(problems.flat().join('\n'))
}

async function packageProblems(one: WorkspacePackage): Promise<string[]> {
  const { manifest } = one
  const dependencies = runtimeDependencies(manifest)
  const available = new Set([...dependencies, ...Object.keys(manifest.peerDependencies ?? {}), manifest.name])
  const isShipped = (name: string) => name.endsWith('.ts') && !/\.(test|fixture)\.ts$/.test(name)
  const files = listFiles(root, path.join(one.folder, 'src'), isShipped)
  const strays = files.map(async (file) => {
    const imported = importedPackages(await readFile(path.join(root, file), 'utf8'))
    return imported.filter((name) => !available.has(name)).map((name) => `${file} imports ${name}, no dependency`)
  })
  return [...directionProblems(manifest.name, dependencies), ...(await Promise.all(strays)).flat()]
}
