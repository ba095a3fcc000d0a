import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { runCommand } from '../bootstrap/run-command.mjs'
import { oldestNode } from './oldest-node.ts'
import { packedPackages, type PackedPackage } from './pack.ts'
import { root } from './workspace-packages.ts'

// All that may come with the client: it must run where no engine, and hardly a dependency, is wanted.
const clientBrings = ['@runtime-sandbox/client', '@runtime-sandbox/core', '@runtime-sandbox/protocol', 'zod']

/**
 * Every package, installed from its tarball into an empty project by npm, can be imported there, and its types are
 * complete: they use nothing that does not come with it, such as the types of a vendor.
 */
export async function checkInstalledPackages(): Promise<void> {
  const all = await packedPackages()
  const problems: string[] = []
  for (const one of all) problems.push(...(await installProblems(one, all)))
  if (problems.length > 0) throw new Error(problems.join('\n'))
}

async function installProblems(one: PackedPackage, all: readonly PackedPackage[]): Promise<string[]> {
  const { name } = one.manifest
  const project = await mkdtemp(path.join(tmpdir(), 'install-'))
  try {
    await writeFile(path.join(project, 'package.json'), JSON.stringify(projectManifest(one, all)))
    await runCommand('npm', ['install', '--no-audit', '--no-fund', '--loglevel=error'], { cwd: project })
    // A package without it is a program; publint has looked at its files.
    if (one.manifest.exports?.['.'] === undefined) return []
    await importPackage(process.execPath, name, project)
    await compilePackage(name, project)
    if (name !== '@runtime-sandbox/client') return []
    await importPackage(await oldestNode(), name, project)
    const lock = JSON.parse(await readFile(path.join(project, 'package-lock.json'), 'utf8')) as Lockfile
    return installedNames(lock)
      .filter((installed) => !clientBrings.includes(installed))
      .map((installed) => `${name} brings ${installed}`)
  } catch (error) {
    return [`${name}: ${error instanceof Error ? error.message : String(error)}`]
  } finally {
    await rm(project, { recursive: true, force: true })
  }
}

/** A project that depends on one package, the others being taken from their tarballs as well. */
function projectManifest(one: PackedPackage, all: readonly PackedPackage[]) {
  const others = all.filter((other) => other !== one)
  return {
    name: 'empty-project',
    private: true,
    type: 'module',
    dependencies: { [one.manifest.name]: `file:${one.tarball}` },
    overrides: Object.fromEntries(others.map(({ manifest, tarball }) => [manifest.name, `file:${tarball}`])),
  }
}

async function importPackage(node: string, name: string, project: string): Promise<void> {
  const script = `await import(${JSON.stringify(name)})`
  await runCommand(node, ['--input-type=module', '-e', script], { cwd: project, timeoutMs: 30_000 })
}

/** Compiles a user's file against the package; errors in the types of others are not ours. */
async function compilePackage(name: string, project: string): Promise<void> {
  const file = path.join(project, 'user.ts')
  await writeFile(file, `export * as everything from ${JSON.stringify(name)}\n`)
  const language = ['--noEmit', '--strict', '--target', 'es2023', '--lib', 'es2023,esnext', '--module', 'nodenext']
  const types = ['--types', 'node', '--typeRoots', path.join(root, 'node_modules', '@types')]
  const output = await runCommand('tsc', [...language, ...types, file], { cwd: project }).then(
    () => '',
    (error: unknown) => String(error),
  )
  const ours = output
    .split('\n')
    .filter((line) => /^(?:user\.ts|node_modules\/(?:@runtime-sandbox\/|runtime-sandbox-))/.test(line))
  if (ours.length > 0) throw new Error(`the types do not compile\n${ours.join('\n')}`)
}

type Lockfile = { packages: Record<string, unknown> }

/** Names of the packages in a lock file of npm. */
export function installedNames(lock: Lockfile): string[] {
  return Object.keys(lock.packages)
    .filter((key) => key !== '')
    .map((key) => key.slice(key.lastIndexOf('node_modules/') + 'node_modules/'.length))
}
