import { rmdir, unlink } from 'node:fs/promises'
import type { Directory } from './directory.ts'

/** Removes whatever has the name, a directory with all in it; links are removed, not followed. */
export async function removeEntry(directory: Directory, name: Buffer): Promise<void> {
  const stat = await directory.stat(name)
  if (!stat) return
  if (!stat.isDirectory()) return unlink(directory.at(name))
  {
    await using child = await directory.openChild(name)
    for (const inner of await Array.fromAsync(child.names())) await removeEntry(child, inner)
  }
  await rmdir(directory.at(name))
}
