import { isActive, type ContainerInfo, type SandboxRecord } from '@runtime-sandbox/core'
import { creationLease, type SandboxMaker } from '../create/sandbox-maker.ts'
import { isUnfinished } from '../end/ended-record.ts'
import type { SandboxEnder } from '../end/sandbox-ender.ts'
import type { ManagerContext } from '../manager-context.ts'
import { ownLabels } from '../records/container-labels.ts'
import { isStopped } from '../records/find-sandbox.ts'
import { HeldLease } from '../records/held-lease.ts'
import { isOwnName } from '../records/sandbox-identity.ts'
import type { SandboxRestorer } from '../sessions/sandbox-restorer.ts'
import { expireRecords } from './expire-records.ts'
import { OrphanKeeper } from './orphan-keeper.ts'

export type ReconcilerParts = { maker: SandboxMaker; ender: SandboxEnder; restorer: SandboxRestorer }

/** Every so many sweeps ended records are looked through as well, for what another process left unfinished. */
const deepEvery = 6
/** So long an ended record may be unfinished before another process than the one that ends it takes it up. */
const unfinishedGraceMs = 30_000
/** So long a sandbox may be warm without being parked: it is on its way in or out. */
const unparkedGraceMs = 60_000

/**
 * Brings engine and store together again: what is on the engine without a record, what is recorded without a container, what
 * an end left behind. Only looks at resources with this deployment's labels and this store's key.
 */
export class Reconciler {
  readonly #context: ManagerContext
  readonly #parts: ReconcilerParts
  readonly #orphans: OrphanKeeper
  #sweeps = 0

  constructor(context: ManagerContext, parts: ReconcilerParts) {
    this.#context = context
    this.#parts = parts
    this.#orphans = new OrphanKeeper(context)
  }

  /** One sweep, unless another process is sweeping. @throws when the engine or the store does not answer */
  async sweep(signal: AbortSignal): Promise<void> {
    await using lease = await HeldLease.acquire(this.#context.leases, 'reconcile')
    if (!lease) return
    const deep = this.#sweeps % deepEvery === 0
    this.#sweeps += 1
    const containers = await this.#containers(signal)
    await this.#records(containers, signal)
    if (deep) await this.#collectUnfinished()
    await this.#parts.ender.finishUnfinished()
    await expireRecords(this.#context, this.#parts.ender)
  }

  /** Judges every resource. @returns names of the active sandboxes whose container runs, or is on its way */
  async #containers(signal: AbortSignal): Promise<Set<string>> {
    const { backend, state, settings } = this.#context
    const alive = new Set<string>()
    const seen = new Set<string>()
    for await (const info of backend.list(ownLabels(settings), { signal })) {
      signal.throwIfAborted()
      seen.add(info.name)
      // A sandbox is recorded before it is made, so one without a record was forgotten, or its store was.
      const record = await state.get(info.name)
      if (!record) await this.#orphans.judge(info, signal)
      else if (isActive(record.state)) await this.#active(record, info, alive)
      else if (!this.#inWork(info.name)) await this.#leftover(record, info)
    }
    this.#orphans.retain(seen)
    return alive
  }

  async #active(record: SandboxRecord, { status }: ContainerInfo, alive: Set<string>): Promise<void> {
    const dead = status === 'exited' || status === 'created'
    if (record.state === 'creating' || !dead || isStopped(record)) alive.add(record.name)
    else if (!this.#inWork(record.name)) await this.#lose(record.name, `container lost: it is ${status}`)
  }

  /** The sandbox has ended, its container has not. */
  async #leftover(record: SandboxRecord, info: ContainerInfo): Promise<void> {
    try {
      await this.#context.backend.remove(info.id)
    } catch (error) {
      this.#context.logger.warn({ err: error, name: info.name }, 'the container of an ended sandbox is removed later')
    }
    if (isUnfinished(record)) this.#parts.ender.addUnfinished(record.name)
  }

  /** Judges every record that should have a container. */
  async #records(alive: ReadonlySet<string>, signal: AbortSignal): Promise<void> {
    const { state, settings, runtime } = this.#context
    const warm: SandboxRecord[] = []
    const active = new Set<string>()
    // Taken before the records are read: a sandbox that is made meanwhile is not in the list, and well.
    const connected = runtime.connections.names()
    for await (const record of state.list({ states: ['creating', 'warm', 'running'] })) {
      signal.throwIfAborted()
      if (!isOwnName(record.name, settings.prefix)) continue
      active.add(record.name)
      if (this.#inWork(record.name)) continue
      if (record.state === 'creating') await this.#abandoned(record)
      else if (!alive.has(record.name)) await this.#missing(record)
      else if (record.state === 'warm') warm.push(record)
    }
    for (const name of connected) if (!active.has(name)) runtime.connections.close(name)
    await this.#unparked(warm)
  }

  async #abandoned(record: SandboxRecord): Promise<void> {
    const { leases, state } = this.#context
    if (!state.ephemeral) {
      const lease = await HeldLease.acquire(leases, creationLease(record.name))
      if (!lease) return
      await lease[Symbol.asyncDispose]()
    }
    await this.#attempt(record.name, () => this.#parts.ender.abandon(record.name))
  }

  async #missing(record: SandboxRecord): Promise<void> {
    // It may have been made after the engine was asked.
    const status = (await this.#context.backend.inspect(record.containerId))?.status
    if (status === undefined) await this.#lose(record.name, 'container lost: the engine does not know it')
  }

  /** Destroys warm sandboxes that are in no pool: their maker or their evictor was killed halfway. */
  async #unparked(warm: readonly SandboxRecord[]): Promise<void> {
    const { state, clock } = this.#context
    const old = warm.filter(({ updatedAt }) => clock.now() - updatedAt > unparkedGraceMs)
    const parked = new Map<string, Set<string>>()
    for (const record of old) {
      const key = record.poolKey ?? ''
      if (!parked.has(key)) parked.set(key, new Set(await state.listParked(key)))
      if (!parked.get(key)!.has(record.name)) await this.#lose(record.name, 'was in no pool')
    }
  }

  #lose(name: string, reason: string): Promise<void> {
    return this.#attempt(name, () => this.#parts.ender.lose(name, reason))
  }

  // One sandbox that cannot be ended now does not keep the sweep from the others.
  async #attempt(name: string, work: () => Promise<void>): Promise<void> {
    try {
      await work()
    } catch (error) {
      this.#context.logger.warn({ err: error, name }, 'what is left of a sandbox is removed later')
    }
  }

  async #collectUnfinished(): Promise<void> {
    const { state, settings, clock } = this.#context
    for await (const record of state.list({ states: ['released', 'error', 'recycled'] })) {
      if (!isOwnName(record.name, settings.prefix) || this.#inWork(record.name)) continue
      const old = clock.now() - record.updatedAt > unfinishedGraceMs
      if (old && isUnfinished(record)) this.#parts.ender.addUnfinished(record.name)
      if (record.state === 'recycled') await this.#parts.restorer.complete(record)
    }
  }

  #inWork(name: string): boolean {
    return this.#parts.maker.isMaking(name) || this.#parts.ender.isBusy(name)
  }
}
