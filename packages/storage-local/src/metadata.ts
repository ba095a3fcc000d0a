import type { BigIntStats } from 'node:fs'
import { lchown, type FileHandle } from 'node:fs/promises'
import { isErrno } from './directory.ts'

// A program with the set-user-id bit that sandboxed code made must not become one on the host.
const keptModeBits = 0o777n

/** Node sets times in microseconds, so a copy's may be that much off. */
const timeToleranceNs = 2000n

// Only root may give files away. A sandbox whose user is not root has to be able to write to its restored files.
const keepsOwner = process.getuid?.() === 0

/** Whether a copy that looks like `copy` is of a file that looks like `original`, as far as one can tell without reading. */
export function isUnchanged(original: BigIntStats, copy: BigIntStats | undefined): boolean {
  if (!copy?.isFile() || copy.size !== original.size) return false
  if ((copy.mode ^ original.mode) & keptModeBits) return false
  const difference = copy.mtimeNs - original.mtimeNs
  return difference < timeToleranceNs && difference > -timeToleranceNs
}

/** Gives a copy the owner and the mode of its original, and a file its time of change. */
export async function keepMetadata(handle: FileHandle, original: BigIntStats): Promise<void> {
  if (keepsOwner) await unlessRefused(handle.chown(Number(original.uid), Number(original.gid)))
  await handle.chmod(Number(original.mode & keptModeBits))
  if (original.isFile()) await handle.utimes(Number(original.atimeNs) / 1e9, Number(original.mtimeNs) / 1e9)
}

export async function keepLinkOwner(path: Buffer, original: BigIntStats): Promise<void> {
  if (keepsOwner) await unlessRefused(lchown(path, Number(original.uid), Number(original.gid)))
}

// In a user namespace, root may not give files to everybody, and some file systems know no owners.
async function unlessRefused(change: Promise<void>): Promise<void> {
  try {
    await change
  } catch (error) {
    if (!isErrno(error, 'EPERM', 'EINVAL', 'ENOSYS', 'ENOTSUP')) throw error
  }
}
