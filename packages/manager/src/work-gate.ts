import { SandboxError, type CallOptions } from '@runtime-sandbox/core'
import { linkedAbort } from './linked-abort.ts'

export type GateOptions = CallOptions & {
  /** Whether closing the gate aborts the work; else it is waited for. */
  abortOnClose: boolean
}

/** Lets work in until it is closed, and knows when the last of it is done. */
export class WorkGate {
  readonly #closing = new AbortController()
  readonly #working = new Set<Promise<unknown>>()

  /**
   * Does `work` under a signal that follows the caller's and, if asked, the closing of the gate.
   *
   * @throws SandboxError `shutting_down` when the gate is closed
   */
  run<T>(work: (signal: AbortSignal) => Promise<T>, { signal, abortOnClose }: GateOptions): Promise<T> {
    if (this.closed) return Promise.reject(this.#closing.signal.reason as Error)
    const linked = linkedAbort([signal, abortOnClose ? this.#closing.signal : undefined])
    const promise = Promise.resolve()
      .then(() => {
        linked.signal.throwIfAborted()
        return work(linked.signal)
      })
      .finally(() => {
        linked[Symbol.dispose]()
        this.#working.delete(promise)
      })
    this.#working.add(promise)
    return promise
  }

  get closed(): boolean {
    return this.#closing.signal.aborted
  }

  /** Aborted when the gate closes. */
  get signal(): AbortSignal {
    return this.#closing.signal
  }

  close(): void {
    this.#closing.abort(new SandboxError('shutting_down', 'the server is stopping'))
  }

  /** Resolves when nothing that was let in is still going on. */
  async idle(): Promise<void> {
    while (this.#working.size > 0) await Promise.allSettled(this.#working)
  }
}
