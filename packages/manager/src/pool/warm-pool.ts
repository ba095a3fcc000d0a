import { SandboxError } from '@runtime-sandbox/core'
import { BackOff } from '../back-off.ts'
import type { SandboxMaker } from '../create/sandbox-maker.ts'
import { planOfType, type SandboxPlan } from '../create/sandbox-plan.ts'
import type { SandboxEnder } from '../end/sandbox-ender.ts'
import type { ManagerContext } from '../manager-context.ts'
import { HeldLease } from '../records/held-lease.ts'
import type { ParkedSandboxes } from './parked-sandboxes.ts'
import { poolKeyOf } from './pool-key.ts'

export type WarmPoolParts = {
  maker: SandboxMaker
  ender: SandboxEnder
  parked: ParkedSandboxes
  /** Whether pools must leave freed capacity alone, because a caller waits for it. */
  isHeld: () => boolean
}

/** Sandboxes that a pool makes at once. */
const maxMaking = 2
const changedReason = 'its image or type changed'

/**
 * Keeps sandboxes of one type parked: started, healthy, nobody's. Filled the moment one is taken, never above its size.
 * A sandbox that was handed out never comes back.
 */
export class WarmPool {
  readonly #context: ManagerContext
  readonly #parts: WarmPoolParts
  readonly #sandboxType: string
  readonly #refillBackOff: BackOff
  readonly #lookBackOff: BackOff
  #plan: (SandboxPlan & { poolKey: string }) | undefined
  #making = 0
  /** Whether the last failure was for the lack of room in the limit. */
  #limited = false
  #looking = false
  #filling = false
  #wanted = false
  #lease: HeldLease | undefined

  constructor(sandboxType: string, context: ManagerContext, parts: WarmPoolParts) {
    this.#sandboxType = sandboxType
    this.#context = context
    this.#parts = parts
    this.#refillBackOff = new BackOff(context)
    this.#lookBackOff = new BackOff(context)
  }

  /** Key of what is interchangeable now; undefined until the image was looked at. From memory: it is on a request's path. */
  get key(): string | undefined {
    return this.#plan?.poolKey
  }

  /** Looks whether the type still means the same image and options; if not, what is parked is destroyed. Then refills. */
  look(): void {
    if (this.#looking || this.#lookBackOff.waiting) return
    this.#looking = true
    this.#background(async (signal) => {
      try {
        await this.#lookNow(signal)
        this.#lookBackOff.reset()
      } catch (error) {
        if (!signal.aborted) this.#failed('a pool cannot find its image', error, this.#lookBackOff.fail())
      } finally {
        this.#looking = false
      }
    })
  }

  /** Makes what is missing. Returns at once; calls while it works are one more look when it is done. */
  refill(): void {
    this.#wanted = true
    if (this.#filling) return
    this.#filling = true
    this.#background(async (signal) => {
      try {
        while (this.#wanted && !signal.aborted) {
          this.#wanted = false
          await this.#fill()
        }
      } finally {
        this.#filling = false
      }
    })
  }

  /** Room was made in the limit: what failed for the lack of it may be tried at once. */
  capacityFreed(): void {
    if (this.#limited) this.#refillBackOff.reset()
    this.refill()
  }

  async #lookNow(signal: AbortSignal): Promise<void> {
    const { registry, backend, settings, readonlyMounts } = this.#context
    const plan = planOfType(this.#context, registry.get(this.#sandboxType))
    const imageId = (await backend.resolveImage?.(plan.image, { signal })) ?? plan.image
    const poolKey = poolKeyOf(plan, { prefix: settings.prefix, imageId, readonlyMounts })
    const before = this.key
    this.#plan = { ...plan, poolKey }
    if (before !== undefined && before !== poolKey) {
      this.#refillBackOff.reset()
      await this.#parts.parked.evictAll(before, changedReason)
    }
    this.refill()
  }

  async #fill(): Promise<void> {
    const { state, settings } = this.#context
    const plan = this.#plan
    if (!plan || this.#refillBackOff.waiting || this.#parts.isHeld()) return
    try {
      // Read before the parked ones: one that is parked in between then counts twice, never not at all.
      const making = this.#making
      const missing = settings.poolSize - (await state.countParked(plan.poolKey)) - making
      if (missing < 0 && making === 0) await this.#trim(plan.poolKey, -missing)
      if (missing <= 0 || making >= maxMaking || !(await this.#mayFill())) return
      for (let i = 0; i < Math.min(missing, maxMaking - making); i++) this.#startOne(plan)
    } catch (error) {
      this.#retryLater('a pool cannot be filled', error)
    }
  }

  // Servers that share a store fill a pool one at a time, else each would make all that is missing.
  async #mayFill(): Promise<boolean> {
    const { state, leases } = this.#context
    if (state.ephemeral) return true
    this.#lease ??= await HeldLease.acquire(leases, `filling:${this.#sandboxType}`)
    return this.#lease !== undefined
  }

  async #trim(key: string, surplus: number): Promise<void> {
    for (let i = 0; i < surplus; i++) await this.#parts.parked.evictOldest(key, 'the pool is larger than its size')
  }

  #startOne(plan: SandboxPlan & { poolKey: string }): void {
    this.#making += 1
    this.#background(async (signal) => {
      await this.#makeOne(plan, signal)
      this.#making -= 1
      if (this.#making === 0) await this.#giveLeaseBack()
      this.refill()
    })
  }

  /** Never throws. */
  async #makeOne(plan: SandboxPlan & { poolKey: string }, signal: AbortSignal): Promise<void> {
    try {
      const record = await this.#parts.maker.make(plan, signal)
      try {
        await this.#context.state.park(record.name)
      } catch (error) {
        await this.#parts.ender.discard(record, 'could not be parked')
        throw error
      }
      this.#refillBackOff.reset()
      // The type changed while this one was being made.
      if (this.key !== plan.poolKey) await this.#parts.parked.evict(record.name, changedReason)
    } catch (error) {
      if (!signal.aborted) this.#retryLater('a sandbox for the pool could not be made', error)
    }
  }

  #retryLater(message: string, error: unknown): void {
    // Of makings side by side, the first to fail decides; the others say nothing new.
    if (this.#refillBackOff.waiting) return
    this.#limited = SandboxError.is(error, 'limit_reached')
    const delay = this.#refillBackOff.fail()
    this.#failed(message, error, delay)
    this.#context.clock.after(delay, () => this.refill())
  }

  #failed(message: string, error: unknown, retryInMs: number): void {
    const { logger } = this.#context
    const fields = { sandboxType: this.#sandboxType, retryInMs }
    if (SandboxError.is(error, 'limit_reached')) logger.debug(fields, 'the limit leaves no room for the pool')
    else logger.warn({ ...fields, err: error }, message)
  }

  async #giveLeaseBack(): Promise<void> {
    const lease = this.#lease
    this.#lease = undefined
    await lease?.[Symbol.asyncDispose]()
  }

  // Under the gate, so that closing the manager aborts it and waits for it.
  #background(work: (signal: AbortSignal) => Promise<void>): void {
    this.#context.gate.run(work, { abortOnClose: true }).catch((error: unknown) => {
      if (!this.#context.gate.closed) this.#context.logger.error({ err: error }, 'a pool failed')
    })
  }
}
