import type { Clock } from '@runtime-sandbox/core'

/** A clock that stands still until it is moved. */
export type FakeClock = Clock & {
  /**
   * Moves time by `ms`. Timers and sleeps that become due run in their order, each at its own time, and what they set off
   * settles before the next one runs. Callbacks of real input and output (sockets, files) are not waited for.
   */
  advance(ms: number): Promise<void>
  /** Timers and sleeps that have not run. */
  readonly pending: number
  /** Resolves once at least `count` timers and sleeps are pending: the subject has come to where it waits. */
  waitForPending(count: number): Promise<void>
}

type Entry = { at: number; callback: () => void }

/** Turns of the event loop in which promise chains of one timer's callback come to rest. */
const settleTurns = 5
/** A timer that sets itself anew without delay would otherwise run for ever. */
const maxRunsPerAdvance = 100_000

/** @param startMs milliseconds since the epoch; default 2025-01-01 */
export function createFakeClock(startMs: number = Date.UTC(2025, 0, 1)): FakeClock {
  let now = startMs
  let entries: Entry[] = []
  let watchers: { count: number; resolve: () => void }[] = []

  function add(delayMs: number, callback: () => void): Entry {
    const entry = { at: now + Math.max(0, delayMs), callback }
    const position = entries.findIndex(({ at }) => at > entry.at)
    entries.splice(position === -1 ? entries.length : position, 0, entry)
    watchers = watchers.filter(({ count, resolve }) => entries.length < count || resolve())
    return entry
  }
  const drop = (entry: Entry) => {
    entries = entries.filter((other) => other !== entry)
  }

  return {
    now: () => now,
    after(delayMs, callback) {
      const entry = add(delayMs, callback)
      return { cancel: () => drop(entry) }
    },
    sleep(delayMs, { signal } = {}) {
      return new Promise((resolve, reject) => {
        if (signal?.aborted) return reject(signal.reason as Error)
        const abort = () => {
          drop(entry)
          reject(signal?.reason as Error)
        }
        const entry = add(delayMs, () => {
          signal?.removeEventListener('abort', abort)
          resolve()
        })
        signal?.addEventListener('abort', abort, { once: true })
      })
    },
    async advance(ms) {
      const end = now + ms
      await settle()
      for (let runs = 0; entries[0] && entries[0].at <= end; runs++) {
        if (runs === maxRunsPerAdvance) throw new Error(`more than ${maxRunsPerAdvance} timers ran in ${ms} ms`)
        const entry = entries.shift()!
        now = Math.max(now, entry.at)
        entry.callback()
        await settle()
      }
      now = Math.max(now, end)
    },
    get pending() {
      return entries.length
    },
    waitForPending(count) {
      if (entries.length >= count) return Promise.resolve()
      return new Promise((resolve) => watchers.push({ count, resolve }))
    },
  }
}

async function settle(): Promise<void> {
  for (let turn = 0; turn < settleTurns; turn++) await new Promise((resolve) => setImmediate(resolve))
}
