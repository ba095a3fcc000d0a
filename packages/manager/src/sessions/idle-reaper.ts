import { eachOf } from '../each-of.ts'
import type { SandboxEnder } from '../end/sandbox-ender.ts'
import type { ManagerContext } from '../manager-context.ts'
import { HeldLease } from '../records/held-lease.ts'

export type IdleReaperParts = {
  ender: SandboxEnder
  /** Whether a call to a sandbox of the session is going on here. */
  isInUse: (sessionContextId: string) => boolean
  /** Told when room was made in the limit. */
  onFreed: () => void
}

const reason = 'heartbeat_timeout'
/** Sessions that one look at the index takes; there is another look while there are more. */
const batch = 100
const concurrency = 4

/** Recycles the sandboxes of sessions that nobody has used for HEARTBEAT_TIMEOUT. What it costs depends on these alone. */
export class IdleReaper {
  readonly #context: ManagerContext
  readonly #parts: IdleReaperParts
  #reaping = false
  #failing = false

  constructor(context: ManagerContext, parts: IdleReaperParts) {
    this.#context = context
    this.#parts = parts
  }

  /** Once per scan. Returns at once. */
  tick(): void {
    if (this.#reaping) return
    this.#reaping = true
    const { gate, logger } = this.#context
    gate
      .run((signal) => this.#reapAll(signal), { abortOnClose: true })
      .then(() => (this.#failing = false))
      .catch((error: unknown) => {
        // One line for an outage, not one for each scan.
        if (!gate.closed && !this.#failing) logger.warn({ err: error }, 'idle sessions could not be looked for')
        this.#failing = true
      })
      .finally(() => (this.#reaping = false))
  }

  async #reapAll(signal: AbortSignal): Promise<void> {
    const { state, clock, settings } = this.#context
    const idleBefore = clock.now() - settings.heartbeatTimeoutMs
    let recycled = 0
    do {
      recycled = 0
      const sessions = await state.listIdleSessions(idleBefore, batch)
      await eachOf(sessions, concurrency, async (session) => {
        if (!signal.aborted) recycled += await this.#reap(session, idleBefore)
      })
      if (recycled > 0) this.#parts.onFreed()
      // Those that are left were in use, or another server has them.
    } while (recycled > 0 && !signal.aborted)
  }

  /** @returns how many sandboxes were recycled */
  async #reap(session: string, idleBefore: number): Promise<number> {
    if (this.#parts.isInUse(session)) return 0
    const { state, leases, settings } = this.#context
    const ttlMs = settings.heartbeatLockTtlMs
    await using lease = state.ephemeral ? undefined : await HeldLease.acquire(leases, `heartbeat:${session}`, { ttlMs })
    if (!lease && !state.ephemeral) return 0
    let recycled = 0
    for (const name of await state.listSessionSandboxes(session)) {
      if (await this.#recycle(name, idleBefore)) recycled += 1
    }
    return recycled
  }

  async #recycle(name: string, idleBefore: number): Promise<boolean> {
    try {
      return await this.#parts.ender.recycle(name, { idleBefore, reason })
    } catch (error) {
      // It is recycled all the same; what is left of it is taken up by the sweeps.
      this.#context.logger.warn({ err: error, name }, 'an idle sandbox could not be taken down; it will be tried again')
      return true
    }
  }
}
