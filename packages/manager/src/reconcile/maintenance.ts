import { isActive, type ContainerEvent } from '@runtime-sandbox/core'
import type { SandboxEnder } from '../end/sandbox-ender.ts'
import type { ManagerContext } from '../manager-context.ts'
import type { WarmPools } from '../pool/warm-pools.ts'
import { isStopped } from '../records/find-sandbox.ts'
import type { IdleReaper } from '../sessions/idle-reaper.ts'
import type { ContainerWatch } from './container-watch.ts'
import type { Reconciler } from './reconciler.ts'
import { ScanLoop } from './scan-loop.ts'

export type MaintenanceParts = {
  ender: SandboxEnder
  pools: WarmPools
  reconciler: Reconciler
  watch: ContainerWatch
  reaper: IdleReaper
}

/** Least pause between sweeps; the engine's own events tell of most changes at once. */
const sweepEveryMs = 10_000
/** A sweep looks at everything, so the pause grows with what there is: it is so many times as long as the sweep was. */
const pausePerSweep = 200

/** What goes on without anybody asking: the engine's events, the pools, the idle sessions, the sweeps. */
export class Maintenance {
  readonly #context: ManagerContext
  readonly #parts: MaintenanceParts
  readonly #loop: ScanLoop | undefined
  #sweptAt: number
  #sweepTookMs = 0
  #sweeping = false
  #failing = false

  constructor(context: ManagerContext, parts: MaintenanceParts) {
    this.#context = context
    this.#parts = parts
    const { clock, settings } = context
    this.#sweptAt = clock.now()
    const { scanIntervalMs: intervalMs } = settings
    if (intervalMs > 0) this.#loop = new ScanLoop({ clock, intervalMs, scan: async () => this.#scan() })
  }

  start(): void {
    this.#parts.watch.start({
      ended: (event) => this.#ended(event),
      interrupted: () => this.#loop && this.#sweep(),
    })
    if (!this.#loop) return
    this.#parts.pools.tick()
    this.#loop.start()
  }

  stop(): void {
    this.#loop?.stop()
  }

  #scan(): void {
    this.#parts.pools.tick()
    this.#parts.reaper.tick()
    const { clock, settings } = this.#context
    const pauseMs = Math.max(sweepEveryMs, settings.scanIntervalMs, this.#sweepTookMs * pausePerSweep)
    if (clock.now() - this.#sweptAt >= pauseMs) this.#sweep()
  }

  #sweep(): void {
    if (this.#sweeping) return
    this.#sweeping = true
    const { gate, clock } = this.#context
    const begunAt = clock.now()
    gate
      .run((signal) => this.#parts.reconciler.sweep(signal), { abortOnClose: true })
      .then(() => this.#swept())
      .catch((error: unknown) => this.#notSwept(error))
      .finally(() => {
        this.#sweeping = false
        this.#sweptAt = clock.now()
        this.#sweepTookMs = this.#sweptAt - begunAt
      })
  }

  #swept(): void {
    this.#failing = false
    this.#parts.pools.capacityFreed()
  }

  #notSwept(error: unknown): void {
    const { gate, logger } = this.#context
    // One line for an outage, not one for each sweep.
    if (!gate.closed && !this.#failing) logger.warn({ err: error }, 'engine and store could not be compared')
    this.#failing = true
  }

  #ended(event: ContainerEvent): void {
    const { gate, logger } = this.#context
    gate
      .run(() => this.#lost(event), { abortOnClose: false })
      .catch((error: unknown) => {
        if (!gate.closed)
          logger.warn({ err: error, name: event.name }, 'what is left of a lost sandbox is removed later')
      })
  }

  async #lost({ name, id, kind, reason }: ContainerEvent): Promise<void> {
    const { state, backend } = this.#context
    const { ender, pools } = this.#parts
    const record = await state.get(name)
    // One that is being made is its maker's, who hears of it as well; one that is being ended needs no more.
    if (!record || !isActive(record.state) || record.state === 'creating' || ender.isBusy(name)) return
    if (id !== undefined && id !== record.containerId) return
    if (isStopped(record) && kind === 'exited') return
    // An event may tell of an earlier end, before a restart.
    if (kind === 'exited' && (await backend.inspect(record.containerId))?.status === 'running') return
    await ender.lose(name, `container lost: ${reason}`)
    pools.capacityFreed()
  }
}
