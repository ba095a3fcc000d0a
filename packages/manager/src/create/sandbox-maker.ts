import { SandboxError, type Container, type SandboxRecord } from '@runtime-sandbox/core'
import type { SandboxEnder } from '../end/sandbox-ender.ts'
import { linkedAbort } from '../linked-abort.ts'
import type { ManagerContext } from '../manager-context.ts'
import type { ContainerWatch } from '../reconcile/container-watch.ts'
import { HeldLease } from '../records/held-lease.ts'
import { waitForRuntime } from '../runtime/wait-for-runtime.ts'
import { containerSpec, newRecord } from './container-spec.ts'
import type { SandboxPlan } from './sandbox-plan.ts'
import type { Workspace } from '../workspace/workspaces.ts'
import { undoCreate, type CreateProgress } from './undo-create.ts'

/** Name of the lease that is held while a sandbox is being made: nobody holds it when its maker was killed. */
export function creationLease(name: string): string {
  return `creating:${name}`
}

export type MakeOptions = {
  /** Told the name before anything of the sandbox is there; when it throws, nothing is made. */
  onNamed?: (name: string) => Promise<void>
}

const logLines = 50
const logTimeoutMs = 3000

/** Makes sandboxes, step by step, so that a failure at any step leaves nothing behind. */
export class SandboxMaker {
  readonly #context: ManagerContext
  readonly #watch: ContainerWatch
  readonly #ender: SandboxEnder
  readonly #making = new Set<string>()

  constructor(context: ManagerContext, { watch, ender }: { watch: ContainerWatch; ender: SandboxEnder }) {
    this.#context = context
    this.#watch = watch
    this.#ender = ender
  }

  /** Whether this process is making the sandbox now. */
  isMaking(name: string): boolean {
    return this.#making.has(name)
  }

  /**
   * Makes what was planned; resolves when its runtime is healthy. The record is `warm` (not yet parked) when the plan is for a
   * pool, else `running`.
   *
   * @throws SandboxError, or the signal's reason; nothing is left behind then
   */
  async make(plan: SandboxPlan, signal: AbortSignal, { onNamed }: MakeOptions = {}): Promise<SandboxRecord> {
    const { settings, clock, workspaces } = this.#context
    const fresh = newRecord(plan, settings, clock.now())
    const attempt = new Attempt(fresh, await workspaces.locate(plan, fresh.sessionId), plan.predecessor !== null)
    const { draft } = attempt
    this.#making.add(draft.name)
    try {
      await onNamed?.(draft.name)
      return await this.#steps(attempt, plan, signal)
    } catch (error) {
      throw await this.#failed(attempt, error, signal)
    } finally {
      this.#making.delete(draft.name)
    }
  }

  async #steps(attempt: Attempt, plan: SandboxPlan, callerSignal: AbortSignal): Promise<SandboxRecord> {
    const { record, progress } = attempt
    const { state, leases, backend, workspaces } = this.#context
    await using _ = state.ephemeral ? undefined : await HeldLease.acquire(leases, creationLease(record.name))
    await this.#insert(attempt)
    using exit = this.#watch.follow(record.name)
    using abort = linkedAbort([callerSignal, exit.signal])
    const { signal } = abort
    progress.ownDirectory = plan.predecessor === null && workspaces.isOwn(record)
    await workspaces.prepare(record, plan, signal)
    signal.throwIfAborted()
    progress.container = true
    attempt.made(await backend.create(containerSpec(record, plan, this.#context), { signal }))
    exit.madeAs(attempt.record.containerId)
    signal.throwIfAborted()
    await waitForRuntime(attempt.record, { ...this.#context, timeoutMs: this.#context.settings.startTimeoutMs, signal })
    await workspaces.noteReady(record, plan.predecessor)
    const ready = await this.#ready(attempt, plan)
    // An end that was told before the record was written was not for the reconciler.
    signal.throwIfAborted()
    return ready
  }

  async #insert({ draft, progress }: Attempt): Promise<void> {
    const { ledger, settings } = this.#context
    try {
      await ledger.insert(draft, settings.maxInstances || undefined)
      progress.recorded = true
    } catch (error) {
      // A store that did not answer may have done it.
      progress.recorded = !SandboxError.is(error, 'limit_reached') && !SandboxError.is(error, 'conflict')
      throw error
    }
  }

  async #ready({ record, draft }: Attempt, plan: SandboxPlan): Promise<SandboxRecord> {
    const { ledger, clock } = this.#context
    const pooled = plan.poolKey !== null
    const { containerId, url, ports, imageId, mountDir, storagePath } = record
    const made = { containerId, url, ports, imageId, mountDir, storagePath }
    try {
      if (pooled) return await ledger.change(draft, { ...made, state: 'warm', reason: 'healthy' })
      const reason = plan.predecessor ? `restored from ${plan.predecessor.name}` : 'created'
      return await ledger.change(draft, { ...made, state: 'running', reason, lastActiveAt: clock.now() })
    } catch (error) {
      // Only a release changes the record of a sandbox that is being made.
      if (!SandboxError.is(error, 'conflict')) throw error
      const message = `sandbox ${record.name} was released while it was starting`
      throw new SandboxError('sandbox_not_running', message, { cause: error })
    }
  }

  async #failed(attempt: Attempt, error: unknown, signal: AbortSignal): Promise<unknown> {
    const { record, progress } = attempt
    const { logger } = this.#context
    const logTail = SandboxError.is(error, 'sandbox_start_failed') ? await this.#logTail(record) : undefined
    const clean = await undoCreate(record, progress, this.#context)
    if (!clean) this.#ender.addUnfinished(record.name)
    if (signal.aborted) return signal.reason
    if (!SandboxError.is(error, 'limit_reached')) {
      const fields = { err: error, name: record.name, sandboxType: record.sandboxType, image: record.image, logTail }
      logger.warn(fields, 'a sandbox could not be made')
    }
    return clientError(error)
  }

  async #logTail({ containerId }: SandboxRecord): Promise<string | undefined> {
    const { backend, clock } = this.#context
    if (!backend.logs || containerId === '') return undefined
    using limit = linkedAbort([])
    const timer = clock.after(logTimeoutMs, () => limit.abort(new Error('the engine did not give the log in time')))
    try {
      return await backend.logs(containerId, { lines: logLines, signal: limit.signal })
    } catch {
      return undefined
    } finally {
      timer.cancel()
    }
  }
}

/** One create under way. */
class Attempt {
  /** As it is in the store. A workspace that is taken over is the predecessor's until the sandbox is ready. */
  readonly draft: SandboxRecord
  /** With its workspace, and what the engine told. */
  record: SandboxRecord
  readonly progress: CreateProgress = { recorded: false, ownDirectory: false, container: false }

  constructor(fresh: SandboxRecord, { directory, storagePath }: Workspace, isTakenOver: boolean) {
    this.record = { ...fresh, mountDir: directory, storagePath }
    this.draft = isTakenOver ? { ...fresh, mountDir: null, storagePath: null } : this.record
  }

  made({ id, url, ports, imageId }: Container): void {
    this.record = { ...this.record, containerId: id, url, ports: [...ports], imageId }
  }
}

/** What a caller may see: no host path, no address, no log. */
function clientError(error: unknown): unknown {
  return SandboxError.is(error)
    ? error
    : new SandboxError('internal', 'the sandbox could not be made', { cause: error })
}
