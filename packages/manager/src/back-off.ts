import type { Clock } from '@runtime-sandbox/core'

export type BackOffOptions = {
  clock: Clock
  /** Of `[0, 1)`. */
  random: () => number
  firstMs?: number
  longestMs?: number
}

/** How long to leave something alone that failed: twice as long with each failure, with jitter. */
export class BackOff {
  readonly #clock: Clock
  readonly #random: () => number
  readonly #firstMs: number
  readonly #longestMs: number
  #failures = 0
  #until = 0

  constructor({ clock, random, firstMs = 500, longestMs = 15_000 }: BackOffOptions) {
    this.#clock = clock
    this.#random = random
    this.#firstMs = firstMs
    this.#longestMs = longestMs
  }

  /** Whether it is too early to try again. */
  get waiting(): boolean {
    return this.#clock.now() < this.#until
  }

  /** Failures in a row. */
  get failures(): number {
    return this.#failures
  }

  /** Notes a failure. @returns milliseconds to wait: between half of the current step and all of it */
  fail(): number {
    const step = Math.min(this.#firstMs * 2 ** this.#failures, this.#longestMs)
    this.#failures += 1
    const delay = Math.ceil(step * (0.5 + this.#random() / 2))
    this.#until = this.#clock.now() + delay
    return delay
  }

  reset(): void {
    this.#failures = 0
    this.#until = 0
  }
}
