import { isActive, type SandboxRecord } from '@runtime-sandbox/core'
import { BackOff } from '../back-off.ts'
import { eachOf } from '../each-of.ts'
import type { ManagerContext } from '../manager-context.ts'
import { isUnfinished, releasedPatch, settledChange } from './ended-record.ts'
import { removeContainer } from './remove-container.ts'

/**
 * Ends sandboxes: by their caller, when nobody needs them, when they were lost, or for a while. `releasedAt` and `recycledAt` tell
 * that nothing of the sandbox is left on the engine; an ended record without it is unfinished work, which the reconciler takes up.
 */
export class SandboxEnder {
  readonly #context: ManagerContext
  /** One piece of work at a time for each sandbox. */
  readonly #busy = new Map<string, Promise<unknown>>()
  /** Ended sandboxes of which something is left, and when to try again. */
  readonly #unfinished = new Map<string, BackOff>()

  constructor(context: ManagerContext) {
    this.#context = context
  }

  isBusy(name: string): boolean {
    return this.#busy.has(name)
  }

  /** Notes that something of an ended sandbox is left; the next sweep tries again. */
  addUnfinished(name: string): void {
    if (!this.#unfinished.has(name)) this.#unfinished.set(name, new BackOff({ ...this.#context, ...retryTimes }))
  }

  /**
   * Ends a sandbox for good. Of callers at the same time one does the work and the others wait for it.
   *
   * @returns the name of the sandbox that has replaced it, if one has: then nothing was done
   * @throws `engine_unavailable`, `state_unavailable`: the sandbox counts as released, what is left of it is removed later
   */
  release(name: string, reason: string): Promise<string | undefined> {
    return this.#alone(name, async () => {
      let replacement: string | null = null
      const released = await this.#context.ledger.changeLatest(name, (record) => {
        replacement = record.state === 'replaced' ? record.redirectTo : null
        return record.state === 'released' || replacement !== null ? undefined : { ...releasedPatch(record), reason }
      })
      if (released) await this.#note(released).then(() => this.#finish(released))
      else if (this.#unfinished.has(name)) await this.#retry(name)
      return replacement ?? undefined
    })
  }

  /** Ends the record of a replaced sandbox; nothing else is left of it. */
  async releaseStub(name: string, reason: string): Promise<void> {
    const { ledger, clock } = this.#context
    await ledger.changeLatest(name, (record) =>
      record.state === 'replaced' ? { ...releasedPatch(record), releasedAt: clock.now(), reason } : undefined,
    )
  }

  /**
   * Destroys the container of an idle sandbox. Its record and its workspace stay, so that it can be restored.
   *
   * @returns false when it is in use, or not running
   */
  recycle(name: string, idle: { idleBefore: number; reason: string }): Promise<boolean> {
    return this.#alone(name, async () => {
      const recycled = await this.#context.ledger.recycle(name, idle)
      if (!recycled) return false
      await this.#note(recycled)
      await this.#finish(recycled)
      return true
    })
  }

  /**
   * Does `work` with the latest record while nobody here ends the sandbox. The container of a recycled one is surely gone then.
   *
   * @throws `engine_unavailable` when it cannot be removed, and what `work` throws
   */
  exclusively<T>(name: string, work: (record: SandboxRecord | undefined) => Promise<T>): Promise<T> {
    return this.#alone(name, async () => {
      const { state } = this.#context
      const record = await state.get(name)
      if (record?.state !== 'recycled' || record.recycledAt !== null) return work(record)
      await this.#finish(record)
      return work(await state.get(name))
    })
  }

  /** Destroys a parked sandbox that was taken out of its pool. Its place in the limit is free when its container is gone. */
  discard(record: SandboxRecord, reason: string): Promise<void> {
    return this.#alone(record.name, async () => {
      const failure = await this.#removeContainer(record)
      const discarded = await this.#context.ledger.changeLatest(record.name, (latest) =>
        isActive(latest.state) ? { ...releasedPatch(latest), storagePath: null, reason } : undefined,
      )
      if (failure) this.#leave(record.name, failure)
      else if (discarded) await this.#settle(discarded)
    })
  }

  /** Notes that the container of a sandbox is gone or dead. One that waits for nobody is just removed. */
  lose(name: string, reason: string): Promise<void> {
    return this.#alone(name, async () => {
      const lost = await this.#context.ledger.changeLatest(name, (record) => {
        if (record.state === 'warm') return { ...releasedPatch(record), storagePath: null, reason }
        return isActive(record.state) ? { state: 'error', releasedAt: null, reason } : undefined
      })
      if (lost) await this.#finish(lost)
    })
  }

  /** Removes what is left of a create whose maker was killed; nobody was given the sandbox. */
  abandon(name: string): Promise<void> {
    return this.#alone(name, async () => {
      const abandoned = await this.#context.ledger.changeLatest(name, (record) =>
        record.state === 'creating'
          ? { ...releasedPatch(record), storagePath: null, reason: 'its maker was killed' }
          : undefined,
      )
      if (abandoned) await this.#finish(abandoned)
    })
  }

  /** Takes up what earlier ends left. Failures are logged and stay for the next time. */
  async finishUnfinished(): Promise<void> {
    await eachOf([...this.#unfinished], 4, async ([name, backOff]) => {
      if (backOff.waiting) return
      backOff.fail()
      await this.#alone(name, () => this.#retry(name)).catch(() => {})
    })
  }

  /** Resolves when no sandbox is being ended. */
  async idle(): Promise<void> {
    while (this.#busy.size > 0) await Promise.allSettled(this.#busy.values())
  }

  async #retry(name: string): Promise<void> {
    const record = await this.#context.state.get(name)
    if (record && isUnfinished(record)) await this.#finish(record)
    else this.#unfinished.delete(name)
  }

  /** What it does follows from the record alone: container first, then the workspace that it can no longer write to. */
  async #finish(record: SandboxRecord): Promise<void> {
    const failure = await this.#removeContainer(record)
    if (failure) {
      this.#leave(record.name, failure)
      throw failure.error
    }
    await this.#settle(record)
  }

  async #removeContainer(record: SandboxRecord): Promise<Failure | undefined> {
    const { backend, settings, runtime } = this.#context
    runtime.connections.close(record.name)
    try {
      await removeContainer(record, { backend, stateKey: settings.stateKey })
      return undefined
    } catch (error) {
      return { error, message: 'a container could not be removed; it will be tried again' }
    }
  }

  /** Before anything of it goes, beside the workspace: a server that is killed then finds it again. */
  async #note(record: SandboxRecord): Promise<void> {
    const { workspaces, logger } = this.#context
    try {
      if (record.state === 'recycled') await workspaces.noteRecycled(record)
      else await workspaces.noteReleased(record)
    } catch (error) {
      logger.error({ err: error, name: record.name }, 'the end of a sandbox could not be noted beside its workspace')
    }
  }

  /** Settles the workspace and notes that nothing is left. */
  async #settle(record: SandboxRecord): Promise<void> {
    const { ledger, clock } = this.#context
    const { deleted, kept } = await this.#settleWorkspace(record)
    if (!kept) this.addUnfinished(record.name)
    try {
      await ledger.changeLatest(record.name, (latest) => settledChange(latest, { at: clock.now(), kept, deleted }))
    } catch (error) {
      this.#leave(record.name, { error, message: 'the end of a sandbox could not be recorded' })
      throw error
    }
    if (kept) this.#unfinished.delete(record.name)
  }

  /** A released sandbox's own directory goes once it is kept; that of a lost one stays until it is released or expires. */
  async #settleWorkspace(record: SandboxRecord): Promise<{ deleted: boolean; kept: boolean }> {
    const { workspaces, logger } = this.#context
    try {
      await workspaces.keep(record)
      const deleted = record.state === 'released' && workspaces.isOwn(record)
      if (deleted) await workspaces.discard(record)
      return { deleted, kept: true }
    } catch (error) {
      const fields = { err: error, name: record.name, directory: record.mountDir, storagePath: record.storagePath }
      logger.error(fields, 'a workspace could not be kept or deleted; its directory stays')
      return { deleted: false, kept: false }
    }
  }

  #leave(name: string, { error, message }: Failure): void {
    this.addUnfinished(name)
    this.#context.logger.error({ err: error, name }, message)
  }

  #alone<T>(name: string, work: () => Promise<T>): Promise<T> {
    const before = this.#busy.get(name) ?? Promise.resolve()
    const promise = before
      .catch(() => {})
      .then(work)
      .finally(() => {
        if (this.#busy.get(name) === promise) this.#busy.delete(name)
      })
    promise.catch(() => {})
    this.#busy.set(name, promise)
    return promise
  }
}

const retryTimes = { firstMs: 5000, longestMs: 600_000 }

type Failure = { error: unknown; message: string }
