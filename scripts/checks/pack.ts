import { mkdtempSync, rmSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { publint } from 'publint'
import { formatMessage } from 'publint/utils'
import { runCommand } from '../bootstrap/run-command.mjs'
import { publishablePackages, type WorkspacePackage } from './workspace-packages.ts'

/** A package as a user gets it. */
export type PackedPackage = WorkspacePackage & { tarball: string }

let packed: Promise<PackedPackage[]> | undefined

/** Every publishable package as a tarball; made once, gone with this process. */
export function packedPackages(): Promise<PackedPackage[]> {
  packed ??= packAll()
  return packed
}

async function packAll(): Promise<PackedPackage[]> {
  const folder = mkdtempSync(path.join(tmpdir(), 'packed-'))
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }))
  const result: PackedPackage[] = []
  for (const one of publishablePackages()) {
    const tarball = path.join(folder, `${one.manifest.name.replaceAll(/[@/]/g, '-')}.tgz`)
    await runCommand('pnpm', ['pack', '--out', tarball], { cwd: one.directory })
    result.push({ ...one, tarball })
  }
  return result
}

/** Entry points that resolve, types that match, and nothing in a tarball that is not for its user. */
export async function checkTarballs(): Promise<void> {
  const problems = (await Promise.all((await packedPackages()).map(tarballProblems))).flat()
  if (problems.length > 0) throw new Error(problems.join('\n'))
}

async function tarballProblems({ folder, tarball }: PackedPackage): Promise<string[]> {
  const { messages, pkg } = await publint({ pack: { tarball: toArrayBuffer(await readFile(tarball)) }, strict: true })
  const complaints = messages
    .filter(({ type }) => type !== 'suggestion')
    .map((message) => `${folder}: ${formatMessage(message, pkg, { color: false })}`)
  const files = (await runCommand('tar', ['-tzf', tarball])).trim().split('\n')
  return [...complaints, ...fileProblems(files).map((problem) => `${folder}: ${problem}`)]
}

/** What is wrong with the list of files in a tarball. */
export function fileProblems(files: readonly string[]): string[] {
  const wanted = ['package/package.json', 'package/README.md', 'package/LICENSE']
  const stray = files.filter((file) => /\.(test|fixture)\.|^package\/src\//.test(file))
  return [
    ...wanted.filter((file) => !files.includes(file)).map((file) => `${file} is missing from the tarball`),
    ...stray.map((file) => `${file} does not belong in the tarball`),
  ]
}

function toArrayBuffer(buffer: Buffer): ArrayBuffer {
  return new Uint8Array(buffer).buffer
}
