import { SandboxError } from '@runtime-sandbox/core'

/** Timers of the platform that are longer than this run at once. */
const longestTimerMs = 2 ** 31 - 1

export type CallDeadlineOptions = {
  timeoutMs: number
  /** The caller's own. */
  signal?: AbortSignal | undefined
  requestId: string
}

/** The end of the time that one call may take, all its attempts and the pauses between them together. */
export class CallDeadline {
  readonly #controller = new AbortController()
  readonly #caller: AbortSignal | undefined
  readonly #endsAt: number
  readonly #timer: ReturnType<typeof setTimeout>
  /** Aborted at the deadline, or when the caller says so. */
  readonly signal: AbortSignal

  constructor({ timeoutMs, signal, requestId }: CallDeadlineOptions) {
    this.#caller = signal
    this.#endsAt = performance.now() + timeoutMs
    this.signal = signal ? AbortSignal.any([signal, this.#controller.signal]) : this.#controller.signal
    const end = () => {
      const message = `The server did not answer within ${timeoutMs} ms`
      this.#controller.abort(new SandboxError('sandbox_timeout', message, { details: { requestId } }))
    }
    this.#timer = setTimeout(end, Math.min(timeoutMs, longestTimerMs))
  }

  get remainingMs(): number {
    return this.#endsAt - performance.now()
  }

  /** @throws the reason of the caller's signal, or SandboxError `sandbox_timeout`, once either has ended the call */
  throwIfEnded(): void {
    this.#caller?.throwIfAborted()
    this.#controller.signal.throwIfAborted()
  }

  /** Waits; rejects at once when the call ends, as {@link throwIfEnded} does. */
  async pause(pauseMs: number): Promise<void> {
    await new Promise<void>((resolve) => {
      if (this.signal.aborted) return resolve()
      const proceed = () => {
        clearTimeout(timer)
        this.signal.removeEventListener('abort', proceed)
        resolve()
      }
      const timer = setTimeout(proceed, pauseMs)
      this.signal.addEventListener('abort', proceed, { once: true })
    })
    this.throwIfEnded()
  }

  /** The call is done; of an answer that is still being read, the caller's signal goes on to be heard. */
  clear(): void {
    clearTimeout(this.#timer)
  }
}
