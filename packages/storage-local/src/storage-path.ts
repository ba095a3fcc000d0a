import { isAbsolute, relative, resolve, sep } from 'node:path'
import { SandboxError } from '@runtime-sandbox/core'
import { isErrno, Directory } from './directory.ts'

const longestPath = 4096

/** A place in the storage: the names that lead from `start` to it. */
export type StoragePlace = { start: string; names: readonly Buffer[]; path: string }

/**
 * @param rootDirectory everything must lie below it, and relative paths begin there; undefined: any path, relative ones to the
 *   working directory of the process
 * @throws SandboxError `invalid_argument`
 */
export function storagePlace(storagePath: string, rootDirectory: string | undefined): StoragePlace {
  if (storagePath === '') throw refusal('is empty')
  if (storagePath.length > longestPath) throw refusal(`is longer than ${longestPath} characters`)
  if (storagePath.includes('\0')) throw refusal('contains a NUL byte')
  if (rootDirectory === undefined) return { start: resolve(storagePath), names: [], path: resolve(storagePath) }
  const start = resolve(rootDirectory)
  const path = resolve(start, storagePath)
  const inside = relative(start, path)
  // The root itself would be everybody's workspaces at once.
  const outside = inside === '' || inside === '..' || inside.startsWith(`..${sep}`) || isAbsolute(inside)
  if (outside) throw refusal('leads out of the storage')
  return { start, names: inside.split(sep).map((name) => Buffer.from(name)), path }
}

/** Opens the place; undefined when nothing was stored there. Links below the start are not followed. */
export async function openPlace({ start, names }: StoragePlace): Promise<Directory | undefined> {
  try {
    return await walk(await Directory.open(Buffer.from(start), { link: true }), names, (directory, name) =>
      directory.openChild(name),
    )
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return undefined
    throw isErrno(error, 'ENOTDIR', 'ELOOP') ? refusal('leads through a link or a file', error) : error
  }
}

/** Opens the place, made if need be. */
export async function makePlace({ start, names }: StoragePlace): Promise<Directory> {
  try {
    return await walk(await Directory.make(start), names, (directory, name) => directory.makeChild(name))
  } catch (error) {
    throw isErrno(error, 'ENOTDIR', 'ELOOP') ? refusal('leads through a link or a file', error) : error
  }
}

async function walk(
  first: Directory,
  names: readonly Buffer[],
  step: (directory: Directory, name: Buffer) => Promise<Directory>,
): Promise<Directory> {
  let current = first
  for (const name of names) {
    await using parent = current
    current = await step(parent, name)
  }
  return current
}

function refusal(problem: string, cause?: unknown): SandboxError {
  return new SandboxError('invalid_argument', `storage_path ${problem}`, { cause })
}
