import { constants, type BigIntStats } from 'node:fs'
import { open, type FileHandle } from 'node:fs/promises'
import { isErrno, type Directory } from './directory.ts'
import { isUnchanged, keepMetadata } from './metadata.ts'
import { putInPlace } from './put-in-place.ts'

const blockBytes = 256 * 1024
const zeros = Buffer.alloc(blockBytes)
// Not blocked by a pipe that took the place of the file.
const readFlags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK

/** Copies a file as it is now. @returns bytes copied; undefined when the copy is there already, or the file is not */
export async function copyFile(
  source: Directory,
  target: Directory,
  { name, signal }: { name: Buffer; signal: AbortSignal },
): Promise<number | undefined> {
  await using from = await openFile(source, name)
  if (!from) return undefined
  const stat = await from.stat({ bigint: true })
  if (!stat.isFile() || isUnchanged(stat, await target.stat(name))) return undefined
  let bytes = 0
  await putInPlace(target, name, async (path) => {
    await using to = await open(path, 'wx', 0o600)
    bytes = await copyContent(from, to, { stat, signal })
    await keepMetadata(to, stat)
  })
  return bytes
}

async function openFile(source: Directory, name: Buffer): Promise<FileHandle | undefined> {
  try {
    return await open(source.at(name), readFlags)
  } catch (error) {
    // It vanished, or became something that is no file.
    if (isErrno(error, 'ENOENT', 'ELOOP', 'ENXIO', 'ENODEV')) return undefined
    throw error
  }
}

/** Not more than the file had at the beginning, though it may grow meanwhile. Holes stay holes. */
async function copyContent(
  from: FileHandle,
  to: FileHandle,
  { stat, signal }: { stat: BigIntStats; signal: AbortSignal },
): Promise<number> {
  const size = Number(stat.size)
  const sparse = stat.blocks * 512n < stat.size
  const buffer = Buffer.allocUnsafe(Math.min(blockBytes, size))
  let position = 0
  while (position < size) {
    signal.throwIfAborted()
    const { bytesRead } = await from.read(buffer, 0, Math.min(buffer.length, size - position), position)
    if (bytesRead === 0) break
    const block = buffer.subarray(0, bytesRead)
    if (!sparse || !block.equals(zeros.subarray(0, bytesRead))) await writeAll(to, block, position)
    position += bytesRead
  }
  if (sparse) await to.truncate(position)
  return position
}

async function writeAll(to: FileHandle, block: Buffer, position: number): Promise<void> {
  for (let written = 0; written < block.length;) {
    const { bytesWritten } = await to.write(block, written, block.length - written, position + written)
    written += bytesWritten
  }
}
