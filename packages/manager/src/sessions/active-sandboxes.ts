import { SandboxError, type CallOptions, type SandboxRecord, type Timer } from '@runtime-sandbox/core'
import type { ManagerContext } from '../manager-context.ts'
import { assertRunning, type SandboxFinder } from '../records/find-sandbox.ts'
import type { SandboxRestorer } from './sandbox-restorer.ts'

/** A sandbox in use: its session does not count as idle until this is disposed of. */
export type SandboxInUse = Disposable & { record: SandboxRecord }

// Each attempt but the last met a sandbox that was recycled just then.
const maxAttempts = 5
/** Of a call that took longer, the end counts as activity as well as the beginning. */
const longCallMs = 1000

/** Finds the sandboxes that calls are for, restores those that were recycled, and keeps their sessions awake while calls go on. */
export class ActiveSandboxes {
  readonly #context: ManagerContext
  readonly #finder: SandboxFinder
  readonly #restorer: SandboxRestorer
  /** Session → calls that go on. */
  readonly #calls = new Map<string, number>()

  constructor(context: ManagerContext, { finder, restorer }: { finder: SandboxFinder; restorer: SandboxRestorer }) {
    this.#context = context
    this.#finder = finder
    this.#restorer = restorer
  }

  /**
   * The sandbox that `identity` stands for, running, and its session marked active: one read and one write of the store.
   *
   * @throws `sandbox_not_found`, `sandbox_not_running`, and what restoring throws
   */
  async use(identity: string, { signal }: CallOptions = {}): Promise<SandboxInUse> {
    const { state, clock } = this.#context
    for (let attempt = 1; attempt <= maxAttempts; attempt++) {
      const record = await this.#finder.find(identity)
      if (record.state === 'recycled') {
        await this.#restorer.restore(record.name, signal)
        continue
      }
      assertRunning(record)
      const session = record.sessionContextId
      if (session === null) return { record, [Symbol.dispose]: () => {} }
      // Once it is marked, nobody recycles it.
      const marked = await state.touchSession(session, clock.now())
      if (marked.includes(record.name)) return { record, [Symbol.dispose]: this.#keepAwake(session) }
    }
    throw new SandboxError('sandbox_not_running', `sandbox ${identity} ends again and again`)
  }

  /** Marks the session of a sandbox active, when something moved that is no call. */
  noteActivity({ sessionContextId }: SandboxRecord): void {
    if (sessionContextId !== null) this.#touch(sessionContextId)
  }

  /** Whether a call to a sandbox of the session is going on. */
  isInUse(sessionContextId: string): boolean {
    return this.#calls.has(sessionContextId)
  }

  /** @returns ends it */
  #keepAwake(session: string): () => void {
    const { clock, settings } = this.#context
    const startedAt = clock.now()
    this.#calls.set(session, (this.#calls.get(session) ?? 0) + 1)
    let timer: Timer
    const later = () => {
      timer = clock.after(settings.heartbeatTimeoutMs / 3, () => {
        this.#touch(session)
        later()
      })
    }
    later()
    let ended = false
    return () => {
      if (ended) return
      ended = true
      timer.cancel()
      const others = this.#calls.get(session)! - 1
      if (others > 0) this.#calls.set(session, others)
      else this.#calls.delete(session)
      if (clock.now() - startedAt > longCallMs) this.#touch(session)
    }
  }

  #touch(session: string): void {
    const { state, clock, logger } = this.#context
    state.touchSession(session, clock.now()).catch((error: unknown) => {
      logger.warn({ err: error, session }, 'the activity of a session could not be noted')
    })
  }
}
