import { randomUUID } from 'node:crypto'
import { mkdirSync, readFileSync, renameSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'

const beatMs = 1000
const staleAfterMs = 10_000
const pollMs = 100

/**
 * Runs `work` while no other process does so under the same lock file. The holder touches the file every second; one
 * that was not touched for ten belongs to a process that was killed, and is taken over. (No process ids: they mean
 * nothing across containers that share a folder.)
 *
 * @template T
 * @param {string} lockFile its folder is created
 * @param {() => Promise<T>} work
 * @param {{ onWait?: () => void }} [options] `onWait` is called once when another process holds the lock
 * @returns {Promise<T>}
 */
export async function withFileLock(lockFile, work, options = {}) {
  const owner = randomUUID()
  mkdirSync(path.dirname(lockFile), { recursive: true })
  let waiting = false
  while (!tryAcquire(lockFile, owner)) {
    if (!waiting) options.onWait?.()
    waiting = true
    await delay(pollMs)
  }
  const release = () => releaseOwned(lockFile, owner)
  const beat = setInterval(() => touch(lockFile), beatMs)
  process.once('exit', release)
  try {
    return await work()
  } finally {
    clearInterval(beat)
    process.off('exit', release)
    release()
  }
}

/**
 * @param {string} lockFile
 * @param {string} owner
 */
function tryAcquire(lockFile, owner) {
  try {
    writeFileSync(lockFile, owner, { flag: 'wx' })
    return true
  } catch (error) {
    if (errorCode(error) !== 'EEXIST') throw error
  }
  if (ageMs(lockFile) > staleAfterMs) removeStale(lockFile)
  return false
}

/**
 * Of several processes that see a stale lock, one removes it: the one whose rename of a guard directory's creation
 * succeeds. Age is looked at again under the guard, as the lock may be a fresh one by then.
 *
 * @param {string} lockFile
 */
function removeStale(lockFile) {
  const guard = `${lockFile}.takeover`
  try {
    mkdirSync(guard)
  } catch {
    if (ageMs(guard) > staleAfterMs) rmSync(guard, { recursive: true, force: true })
    return
  }
  try {
    if (ageMs(lockFile) > staleAfterMs) renameSync(lockFile, path.join(guard, 'stale'))
  } catch {
    // Released in between.
  } finally {
    rmSync(guard, { recursive: true, force: true })
  }
}

/**
 * @param {string} lockFile
 * @param {string} owner
 */
function releaseOwned(lockFile, owner) {
  try {
    if (readFileSync(lockFile, 'utf8') === owner) rmSync(lockFile, { force: true })
  } catch {
    // Taken over while this process was suspended; it is not ours to remove.
  }
}

/** @param {string} file */
function touch(file) {
  try {
    utimesSync(file, new Date(), new Date())
  } catch {
    // Taken over while this process was suspended.
  }
}

/** @param {string} file @returns {number} 0 when it does not exist */
function ageMs(file) {
  const stats = statSync(file, { throwIfNoEntry: false })
  return stats === undefined ? 0 : Date.now() - stats.mtimeMs
}

/** @param {unknown} error */
function errorCode(error) {
  return error instanceof Error && 'code' in error ? error.code : undefined
}
