import type { SandboxRecord } from '@runtime-sandbox/core'
import { OrderedIndex } from './ordered-index.ts'

/** Which sandboxes are parked, by pool, in the order of their parking. */
export class PoolIndex {
  readonly #pools = new Map<string, OrderedIndex<string>>()
  readonly #poolOf = new Map<string, string>()
  #parked = 0

  /** A change to another state takes a sandbox out of its pool. */
  change(name: string, after: SandboxRecord | undefined): void {
    if (after?.state !== 'warm') this.remove(name)
  }

  /** No effect on one that is parked already. */
  add(name: string, poolKey: string): void {
    if (this.#poolOf.has(name)) return
    const pool = this.#pools.get(poolKey) ?? new OrderedIndex<string>()
    this.#pools.set(poolKey, pool)
    this.#poolOf.set(name, poolKey)
    pool.set(name, ++this.#parked)
  }

  /** @returns whether it was parked */
  remove(name: string): boolean {
    const poolKey = this.#poolOf.get(name)
    if (poolKey === undefined) return false
    this.#poolOf.delete(name)
    const pool = this.#pools.get(poolKey)
    pool?.delete(name)
    if (pool?.size === 0) this.#pools.delete(poolKey)
    return true
  }

  oldest(poolKey: string): string | undefined {
    return this.#pools.get(poolKey)?.first
  }

  count(poolKey: string): number {
    return this.#pools.get(poolKey)?.size ?? 0
  }

  /** Oldest first. */
  names(poolKey: string): string[] {
    return this.#pools.get(poolKey)?.keys() ?? []
  }

  keys(): string[] {
    return [...this.#pools.keys()]
  }
}
