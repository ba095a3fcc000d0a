import { randomUUID } from 'node:crypto'
import { constants } from 'node:fs'
import { mkdir, open, readlink, rename, stat, unlink, type FileHandle } from 'node:fs/promises'
import path from 'node:path'
import { Writable, type Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { isInside, outside, type WorkspaceRoot } from './workspace-path.ts'

/**
 * Writes a stream to a file: whole, under its name, or not at all. Its folders are made; what was there keeps its mode.
 *
 * @param real where the file shall be, links resolved
 */
export async function writeAtomically(root: WorkspaceRoot, real: string, data: Readable): Promise<void> {
  await mkdir(path.dirname(real), { recursive: true })
  // The folder is held open and addressed through its descriptor: a link put in its place meanwhile has no effect.
  const folder = await open(path.dirname(real), constants.O_RDONLY | constants.O_DIRECTORY)
  try {
    const held = `/proc/self/fd/${folder.fd}`
    if (!isInside(root, await readlink(held))) throw outside(root)
    await writeInFolder(held, path.basename(real), data)
  } finally {
    await folder.close()
  }
}

async function writeInFolder(folder: string, name: string, data: Readable): Promise<void> {
  const target = path.join(folder, name)
  const temporary = path.join(folder, `.${randomUUID()}.part`)
  const mode = (await stat(target).catch(() => undefined))?.mode
  const file = await open(
    temporary,
    constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW,
    0o666,
  )
  try {
    try {
      if (mode !== undefined) await file.chmod(mode & 0o7777)
      await pipeline(data, sink(file))
    } finally {
      await file.close()
    }
    await rename(temporary, target)
  } catch (error) {
    await unlink(temporary).catch(() => {})
    throw error
  }
}

/** A handle's own write stream closes it on failure, also while a write is still on its way; this one leaves it to us. */
function sink(file: FileHandle): Writable {
  return new Writable({
    write(chunk: Buffer, _encoding, done) {
      writeAll(file, chunk).then(() => done(), done)
    },
  })
}

async function writeAll(file: FileHandle, chunk: Buffer): Promise<void> {
  for (let offset = 0; offset < chunk.length;) {
    offset += (await file.write(chunk, offset)).bytesWritten
  }
}
