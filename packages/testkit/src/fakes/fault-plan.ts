import { SandboxError } from '@runtime-sandbox/core'

/** A call that was stopped before it had any effect. */
export type HeldCall = {
  /** Resolves when the call has come in. */
  readonly entered: Promise<void>
  /** Lets it go on. Idempotent. */
  release(): void
}

/** What goes wrong with which calls, and how many there were. */
export class FaultPlan<Method extends string> {
  readonly #counts = new Map<Method, number>()
  readonly #failures = new Map<Method, unknown[]>()
  readonly #holds = new Map<Method, { entered: () => void; released: Promise<void> }[]>()
  /** Whether every call fails with `engine_unavailable`. */
  down = false

  /** The next `times` calls of `method` throw `error` and have no effect. */
  failNext(method: Method, error: unknown, times = 1): void {
    const failures = this.#failures.get(method) ?? []
    this.#failures.set(method, [...failures, ...Array<unknown>(times).fill(error)])
  }

  /** The next call of `method` that is not held yet waits until it is released. */
  holdNext(method: Method): HeldCall {
    const entered = Promise.withResolvers<void>()
    const released = Promise.withResolvers<void>()
    const hold = { entered: entered.resolve, released: released.promise }
    this.#holds.set(method, [...(this.#holds.get(method) ?? []), hold])
    return { entered: entered.promise, release: released.resolve }
  }

  count(method: Method): number {
    return this.#counts.get(method) ?? 0
  }

  /** To be called first by every method. @throws what is planned; the signal's reason */
  async enter(method: Method, signal: AbortSignal | undefined): Promise<void> {
    this.#counts.set(method, this.count(method) + 1)
    signal?.throwIfAborted()
    const hold = this.#holds.get(method)?.shift()
    if (hold) {
      hold.entered()
      await orAborted(hold.released, signal)
    }
    if (this.down) throw new SandboxError('engine_unavailable', 'the fake engine is down')
    const failures = this.#failures.get(method) ?? []
    if (failures.length > 0) throw failures.shift()
  }
}

async function orAborted(promise: Promise<void>, signal: AbortSignal | undefined): Promise<void> {
  if (!signal) return promise
  const aborted = Promise.withResolvers<never>()
  const abort = () => aborted.reject(signal.reason)
  signal.addEventListener('abort', abort, { once: true })
  try {
    await Promise.race([promise, aborted.promise])
  } finally {
    signal.removeEventListener('abort', abort)
  }
}
