import { SandboxError, type CreateFromPoolOptions, type CreateOptions, type SandboxRecord } from '@runtime-sandbox/core'
import type { SandboxEnder } from '../end/sandbox-ender.ts'
import type { ManagerContext } from '../manager-context.ts'
import type { WarmPools } from '../pool/warm-pools.ts'
import type { MakeOptions, SandboxMaker } from './sandbox-maker.ts'
import { planSandbox, type SandboxPlan } from './sandbox-plan.ts'
import { sessionMeta } from './session-meta.ts'

export type SandboxCreatorParts = { maker: SandboxMaker; pools: WarmPools; ender: SandboxEnder }

/** So many parked sandboxes at most give way to one caller; others may be faster to take the place. */
const maxEvictions = 5

/** Gives callers their sandboxes: a parked one where there is one, else a new one. */
export class SandboxCreator {
  readonly #context: ManagerContext
  readonly #parts: SandboxCreatorParts

  constructor(context: ManagerContext, parts: SandboxCreatorParts) {
    this.#context = context
    this.#parts = parts
  }

  /** Makes a sandbox for this caller alone. */
  async create(options: CreateOptions, signal: AbortSignal): Promise<SandboxRecord> {
    return this.make(planSandbox(this.#context, options), signal)
  }

  /** One operation of the store when a sandbox is parked; the engine and the sandbox are not asked. */
  async createFromPool(options: CreateFromPoolOptions, signal: AbortSignal): Promise<SandboxRecord> {
    const { registry, settings, ledger, clock } = this.#context
    const type = registry.get(options.sandboxType ?? settings.defaultSandboxTypes[0]!)
    const pool = this.#parts.pools.get(type.name)
    const meta = sessionMeta(options.meta)
    if (pool?.key !== undefined) {
      const claimed = await ledger.claim(pool.key, { ...meta, at: clock.now() })
      pool.refill()
      if (claimed) return this.#handOver(claimed, signal)
    }
    return this.create({ sandboxType: type.name, meta: options.meta }, signal)
  }

  /** Makes what was planned; a parked sandbox gives way where the limit is reached. */
  async make(plan: SandboxPlan, signal: AbortSignal, options?: MakeOptions): Promise<SandboxRecord> {
    const { maker, pools } = this.#parts
    try {
      return await this.#handOver(await maker.make(plan, signal, options), signal)
    } catch (error) {
      if (!SandboxError.is(error, 'limit_reached')) throw error
    }
    using _ = pools.hold()
    for (let evictions = 1; ; evictions++) {
      const room = await pools.makeRoom()
      try {
        return await this.#handOver(await maker.make(plan, signal, options), signal)
      } catch (error) {
        if (!SandboxError.is(error, 'limit_reached') || !room || evictions === maxEvictions) throw error
      }
    }
  }

  /** A caller that has gone away while its sandbox was got ready would never release it. */
  async #handOver(record: SandboxRecord, signal: AbortSignal): Promise<SandboxRecord> {
    if (!signal.aborted) return record
    await this.#parts.ender.release(record.name, 'its caller was gone').catch(() => {})
    throw signal.reason as Error
  }
}
