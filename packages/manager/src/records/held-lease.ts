import type { Clock, Logger, StateStore, Timer } from '@runtime-sandbox/core'

export type LeaseContext = { state: StateStore; clock: Clock; logger: Logger; holder: string }

/**
 * How long a lease outlives a holder that was killed: so long does the work that it guarded lie still.
 * It is prolonged three times in that time.
 */
const defaultTtlMs = 15_000

/** A named right of this process, prolonged until it is given back. */
export class HeldLease implements AsyncDisposable {
  readonly #context: LeaseContext
  readonly #name: string
  readonly #ttlMs: number
  #timer: Timer | undefined
  #released = false

  private constructor(context: LeaseContext, name: string, ttlMs: number) {
    this.#context = context
    this.#name = name
    this.#ttlMs = ttlMs
  }

  /** The lease; undefined while another process has it. */
  static async acquire(
    context: LeaseContext,
    name: string,
    { ttlMs = defaultTtlMs }: { ttlMs?: number } = {},
  ): Promise<HeldLease | undefined> {
    const lease = await context.state.acquireLease(name, { holder: context.holder, ttlMs })
    if (!lease) return undefined
    const held = new HeldLease(context, name, ttlMs)
    held.#renewLater()
    return held
  }

  /** Gives the lease back. Idempotent; never throws: the lease then runs out. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#released) return
    this.#released = true
    this.#timer?.cancel()
    try {
      await this.#context.state.releaseLease(this.#name, this.#context.holder)
    } catch (error) {
      this.#context.logger.warn({ err: error, lease: this.#name }, 'a lease could not be given back; it will run out')
    }
  }

  #renewLater(): void {
    this.#timer = this.#context.clock.after(this.#ttlMs / 3, () => void this.#renew())
  }

  async #renew(): Promise<void> {
    if (this.#released) return
    const { state, holder, logger } = this.#context
    try {
      await state.acquireLease(this.#name, { holder, ttlMs: this.#ttlMs })
    } catch (error) {
      logger.warn({ err: error, lease: this.#name }, 'a lease could not be prolonged')
    }
    if (this.#released) await state.releaseLease(this.#name, holder).catch(() => {})
    else this.#renewLater()
  }
}
