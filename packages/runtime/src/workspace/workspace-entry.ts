import { lstat, stat } from 'node:fs/promises'
import path from 'node:path'
import type { WorkspaceEntry } from '@runtime-sandbox/protocol'

/**
 * What is at a path. The type is that of what a link leads to, size and time are the link's own; a link that leads nowhere is
 * a `symlink`.
 *
 * @param real where it is
 * @param shown the absolute path that the caller sees
 */
export async function entryOf(real: string | Buffer, shown: string): Promise<WorkspaceEntry> {
  const own = await lstat(real)
  const target = own.isSymbolicLink() ? await stat(real).catch(() => own) : own
  const type = target.isFile() ? 'file' : target.isDirectory() ? 'dir' : target.isSymbolicLink() ? 'symlink' : 'other'
  return {
    path: shown,
    name: path.basename(shown),
    type,
    size: type === 'file' ? own.size : null,
    mtime_ms: Math.trunc(own.mtimeMs),
  }
}
