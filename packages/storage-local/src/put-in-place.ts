import { randomBytes } from 'node:crypto'
import { rename, unlink } from 'node:fs/promises'
import { isErrno, type Directory } from './directory.ts'
import { removeEntry } from './remove-entry.ts'

const partialPattern = /^\.runtime-sandbox-[0-9a-f]{24}\.partial$/

/** Whether the name is that of a half-written copy, which a killed process left. */
export function isPartial(name: Buffer): boolean {
  return partialPattern.test(name.toString('latin1'))
}

/**
 * Makes an entry beside its place with `write`, and then moves it there in one step: whoever looks sees the old one or the new one,
 * whole. Nothing is left of one that fails.
 */
export async function putInPlace(
  directory: Directory,
  name: Buffer,
  write: (path: Buffer) => Promise<void>,
): Promise<void> {
  const partial = directory.at(Buffer.from(`.runtime-sandbox-${randomBytes(12).toString('hex')}.partial`))
  try {
    await write(partial)
    await moveOver(directory, name, partial)
  } catch (error) {
    await unlink(partial).catch(() => {})
    throw error
  }
}

async function moveOver(directory: Directory, name: Buffer, partial: Buffer): Promise<void> {
  try {
    await rename(partial, directory.at(name))
  } catch (error) {
    if (!isErrno(error, 'EISDIR', 'ENOTEMPTY', 'EEXIST', 'EPERM')) throw error
    // A directory is in the way; the newer entry of that name replaces it.
    await removeEntry(directory, name)
    await rename(partial, directory.at(name))
  }
}
