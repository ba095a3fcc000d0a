import { execFile } from 'node:child_process'
import { rm } from 'node:fs/promises'
import { promisify } from 'node:util'

const run = promisify(execFile)

/**
 * Deletes a directory and everything in it; one that is not there is success. Links in it are removed, never followed.
 * Sandboxed code may have nested folders beyond what a path can name; `rm` walks those by handle.
 */
export async function removeTree(directory: string): Promise<void> {
  try {
    await rm(directory, { recursive: true, force: true })
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    // Something else lies where its parent was.
    if (code === 'ENOTDIR') return
    if (code !== 'ENAMETOOLONG') throw error
    await run('rm', ['-rf', '--one-file-system', '--', directory])
  }
}
