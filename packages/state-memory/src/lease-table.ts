import type { Clock, Lease, LeaseOptions } from '@runtime-sandbox/core'
import { OrderedIndex } from './ordered-index.ts'

/** Named rights. Those that have run out are forgotten with the next one that is asked for. */
export class LeaseTable {
  readonly #clock: Clock
  readonly #leases = new Map<string, Lease>()
  readonly #expiry = new OrderedIndex<string>()
  #lastToken = 0

  constructor(clock: Clock) {
    this.#clock = clock
  }

  acquire(name: string, { holder, ttlMs }: LeaseOptions): Lease | undefined {
    this.#forgetExpired()
    const current = this.#leases.get(name)
    if (current && current.holder !== holder) return undefined
    const fencingToken = current?.fencingToken ?? ++this.#lastToken
    const lease: Lease = { name, holder, fencingToken, expiresAt: this.#clock.now() + ttlMs }
    this.#leases.set(name, lease)
    this.#expiry.set(name, lease.expiresAt)
    return { ...lease }
  }

  release(name: string, holder: string): void {
    if (this.#leases.get(name)?.holder === holder) this.#forget(name)
  }

  #forgetExpired(): void {
    const now = this.#clock.now()
    // What expires at this very millisecond has expired.
    for (const name of this.#expiry.below(now + 1, Infinity)) this.#forget(name)
  }

  #forget(name: string): void {
    this.#leases.delete(name)
    this.#expiry.delete(name)
  }
}
