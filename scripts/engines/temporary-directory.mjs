import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'

/** @type {Set<string>} */
const inUse = new Set()

/**
 * Runs `work` with a new directory that is gone when it has ended, however it ended.
 *
 * @template T
 * @param {string} name
 * @param {(directory: string) => Promise<T>} work
 * @returns {Promise<T>}
 */
export async function withTemporaryDirectory(name, work) {
  const directory = mkdtempSync(path.join(tmpdir(), `runtime-sandbox-${name}-`))
  inUse.add(directory)
  try {
    return await work(directory)
  } finally {
    remove(directory)
  }
}

/** Ends the process on SIGINT and SIGTERM with nothing left behind. */
export function cleanUpOnSignals() {
  const codes = /** @type {const} */ ({ SIGINT: 130, SIGTERM: 143 })
  for (const [signal, code] of Object.entries(codes)) {
    process.once(signal, () => {
      // Last of the exit listeners, so after those that kill what still writes there.
      process.once('exit', () => inUse.forEach(remove))
      process.exit(code)
    })
  }
}

/** @param {string} directory */
function remove(directory) {
  rmSync(directory, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 })
  inUse.delete(directory)
}
