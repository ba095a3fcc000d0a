import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { listFiles } from '../bootstrap/stamp.mjs'
import { directionProblems, isBundled } from './dependency-rules.ts'
import { importedPackages } from './imported-packages.ts'
import { publishablePackages, root, runtimeDependencies, type WorkspacePackage } from './workspace-packages.ts'

/**
 * Dependencies point inward, and what a package's own code imports is installed with it (its tests may use more).
 */
export async function checkDependencyDirections(): Promise<void> {
  const problems = await Promise.all(publishablePackages().map(packageProblems))
  if (problems.flat().length > 0) throw new Error(problems.flat().join('\n'))
}

async function packageProblems({ folder, manifest }: WorkspacePackage): Promise<string[]> {
  const imports = await importsOf(folder)
  const dependencies = runtimeDependencies(manifest)
  if (isBundled(manifest.name)) {
    const used = imports.map(({ name }) => name).filter((name) => name !== manifest.name)
    return directionProblems(manifest.name, [...new Set([...dependencies, ...used])])
  }
  const available = new Set([...dependencies, ...Object.keys(manifest.peerDependencies ?? {}), manifest.name])
  const strays = imports.filter(({ name }) => !available.has(name))
  return [
    ...directionProblems(manifest.name, dependencies),
    ...strays.map(({ file, name }) => `${file} imports ${name}, which is not installed with ${manifest.name}`),
  ]
}

/** What the code of a package that users get imports. */
async function importsOf(folder: string): Promise<{ file: string; name: string }[]> {
  const isShipped = (name: string) => name.endsWith('.ts') && !/\.(test|fixture)\.ts$/.test(name)
  const files = listFiles(root, path.join(folder, 'src'), isShipped)
  const imports = files.map(async (file) => {
    const source = await readFile(path.join(root, file), 'utf8')
    return importedPackages(source).map((name) => ({ file, name }))
  })
  return (await Promise.all(imports)).flat()
}
