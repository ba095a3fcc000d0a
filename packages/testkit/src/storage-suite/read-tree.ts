import { createHash } from 'node:crypto'
import { lstat, readdir, readFile, readlink } from 'node:fs/promises'

export type TreeEntry = { type: string; mode?: number; content?: string; mtimeMs?: number }

/** Everything below a directory: path (bytes as latin1) → what it is. Contents are told by their hash. */
export async function readTree(directory: string): Promise<Record<string, TreeEntry>> {
  const tree: Record<string, TreeEntry> = {}
  await collect(Buffer.from(directory), '', tree)
  return tree
}

async function collect(directory: Buffer, prefix: string, tree: Record<string, TreeEntry>): Promise<void> {
  for (const name of await readdir(directory, { encoding: 'buffer' })) {
    const path = Buffer.concat([directory, Buffer.from('/'), name])
    const key = prefix + name.toString('latin1')
    const stat = await lstat(path)
    const mode = stat.mode & 0o777
    if (stat.isDirectory()) {
      tree[key] = { type: 'directory', mode }
      await collect(path, `${key}/`, tree)
    } else if (stat.isSymbolicLink()) tree[key] = { type: 'link', content: await readlink(path, 'latin1') }
    else if (stat.isFile()) {
      const content = createHash('sha256')
        .update(await readFile(path))
        .digest('hex')
      // Whole seconds: not every storage keeps more.
      tree[key] = { type: 'file', mode, content, mtimeMs: Math.floor(stat.mtimeMs / 1000) }
    } else tree[key] = { type: 'other' }
  }
}
