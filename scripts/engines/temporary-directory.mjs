import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'

/**
 * Runs `work` with a new directory that is gone when it has ended, however it ended.
 *
 * @template T
 * @param {string} name
 * @param {(directory: string) => Promise<T>} work
 * @returns {Promise<T>}
 */
export async function withTemporaryDirectory(name, work) {
  const directory = await mkdtemp(path.join(tmpdir(), `runtime-sandbox-${name}-`))
  try {
    return await work(directory)
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
}
