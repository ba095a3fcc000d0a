/** A pending callback of a {@link Clock}. */
export interface Timer {
  /** Idempotent; after it the callback does not run. */
  cancel(): void
}

export type SleepOptions = { signal?: AbortSignal }

/** The only source of time. Tests pass a clock that they move by hand. */
export interface Clock {
  /** Milliseconds since the Unix epoch. */
  now(): number
  /** Calls `callback` once, `delayMs` from now. Never keeps the process alive by itself. */
  after(delayMs: number, callback: () => void): Timer
  /** Resolves after `delayMs`; rejects with the signal's reason as soon as it is aborted. */
  sleep(delayMs: number, options?: SleepOptions): Promise<void>
}

/** Timers of the platform that are longer than this run at once. */
const longestTimerMs = 2 ** 31 - 1

/** The wall clock of this process. Its timers and sleeps end after 24 days at the latest. */
export const systemClock: Clock = {
  now: () => Date.now(),
  after(delayMs, callback) {
    const handle = setTimeout(callback, Math.min(delayMs, longestTimerMs))
    handle.unref()
    return { cancel: () => clearTimeout(handle) }
  },
  sleep(delayMs, { signal } = {}) {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason as Error)
      const abort = () => {
        clearTimeout(handle)
        reject(signal?.reason as Error)
      }
      const handle = setTimeout(
        () => {
          signal?.removeEventListener('abort', abort)
          resolve()
        },
        Math.min(delayMs, longestTimerMs),
      )
      signal?.addEventListener('abort', abort, { once: true })
    })
  },
}
