import type { SandboxMaker } from '../create/sandbox-maker.ts'
import { eachOf } from '../each-of.ts'
import type { SandboxEnder } from '../end/sandbox-ender.ts'
import type { ManagerContext } from '../manager-context.ts'
import { ParkedSandboxes } from './parked-sandboxes.ts'
import { WarmPool } from './warm-pool.ts'

export type WarmPoolsParts = { maker: SandboxMaker; ender: SandboxEnder }

const defaultMaxParkedAgeMs = 3_600_000
/** How often a parked sandbox is asked whether it is still well. */
const careEveryMs = 30_000
const careConcurrency = 4
const probeTimeoutMs = 5000

/** The pools of all default types. */
export class WarmPools {
  readonly #context: ManagerContext
  readonly #parked: ParkedSandboxes
  readonly #pools: ReadonlyMap<string, WarmPool>
  #holds = 0
  #caredAt: number
  #caring = false

  constructor(context: ManagerContext, parts: WarmPoolsParts) {
    this.#context = context
    this.#parked = new ParkedSandboxes(context, parts.ender)
    this.#caredAt = context.clock.now()
    const { poolSize, scanIntervalMs, defaultSandboxTypes } = context.settings
    const types = poolSize > 0 && scanIntervalMs > 0 ? defaultSandboxTypes : []
    const poolParts = { ...parts, parked: this.#parked, isHeld: () => this.#holds > 0 }
    const names = new Set(types.map((type) => context.registry.get(type).name))
    this.#pools = new Map([...names].map((name) => [name, new WarmPool(name, context, poolParts)]))
  }

  /** The pool of a type, if it has one. */
  get(sandboxType: string): WarmPool | undefined {
    return this.#pools.get(sandboxType)
  }

  /** Once per scan: looks for changed images, and from time to time after those who wait. Returns at once. */
  tick(): void {
    for (const pool of this.#pools.values()) pool.look()
    const now = this.#context.clock.now()
    if (this.#pools.size === 0 || this.#caring || now - this.#caredAt < careEveryMs) return
    this.#caredAt = now
    this.#caring = true
    this.#context.gate
      .run((signal) => this.#care(signal), { abortOnClose: true })
      .catch((error: unknown) => this.#complain(error))
      .finally(() => (this.#caring = false))
  }

  refill(): void {
    for (const pool of this.#pools.values()) pool.refill()
  }

  /** A sandbox ended, so the limit has room again. */
  capacityFreed(): void {
    if (this.#holds > 0) return
    for (const pool of this.#pools.values()) pool.capacityFreed()
  }

  /** Keeps the pools from taking freed capacity until disposed of. */
  hold(): Disposable {
    this.#holds += 1
    return {
      [Symbol.dispose]: () => {
        this.#holds -= 1
        if (this.#holds === 0) this.refill()
      },
    }
  }

  /**
   * Destroys one parked sandbox, so that a caller gets its place in the limit; one of a pool that nobody fills any more first.
   *
   * @returns false when none is parked
   */
  async makeRoom(): Promise<boolean> {
    const filled = new Set([...this.#pools.values()].map((pool) => pool.key))
    const keys = await this.#parked.keys()
    for (const key of keys.toSorted((a, b) => Number(filled.has(a)) - Number(filled.has(b)))) {
      if (await this.#parked.evictOldest(key, 'made room for a caller')) return true
    }
    return false
  }

  /** Destroys everything that is parked. */
  async empty(reason: string): Promise<void> {
    for (const key of await this.#parked.keys()) {
      await eachOf(await this.#parked.names(key), 8, (name) => this.#evict(name, reason))
    }
  }

  async #care(signal: AbortSignal): Promise<void> {
    for (const key of await this.#parked.keys()) {
      await eachOf(await this.#parked.names(key), careConcurrency, (name) => this.#careFor(name, signal))
    }
    this.refill()
  }

  async #careFor(name: string, signal: AbortSignal): Promise<void> {
    const { state, clock, settings, runtime } = this.#context
    const record = await state.get(name)
    if (record?.state !== 'warm' || signal.aborted) return
    if (clock.now() - record.createdAt > (settings.maxParkedAgeMs ?? defaultMaxParkedAgeMs)) {
      await this.#evict(name, 'too old')
    } else if (!(await runtime.isHealthy(record, { timeoutMs: probeTimeoutMs, signal }))) {
      await this.#evict(name, 'did not answer its health check')
    }
  }

  async #evict(name: string, reason: string): Promise<void> {
    try {
      await this.#parked.evict(name, reason)
    } catch (error) {
      this.#complain(error)
    }
  }

  #complain(error: unknown): void {
    if (!this.#context.gate.closed)
      this.#context.logger.warn({ err: error }, 'parked sandboxes could not be looked after')
  }
}
