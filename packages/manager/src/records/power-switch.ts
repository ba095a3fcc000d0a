import { SandboxError, type SandboxRecord } from '@runtime-sandbox/core'
import type { ManagerContext } from '../manager-context.ts'
import { waitForRuntime } from '../runtime/wait-for-runtime.ts'
import { isStopped, stoppedReason, type SandboxFinder } from './find-sandbox.ts'

const stopGraceMs = 1000

/** Stops and starts sandboxes that stay their callers'. */
export class PowerSwitch {
  readonly #context: ManagerContext
  readonly #finder: SandboxFinder

  constructor(context: ManagerContext, finder: SandboxFinder) {
    this.#context = context
    this.#finder = finder
  }

  /** Ends all processes. Noted before it is done, so that nobody takes the sandbox for lost. @throws `sandbox_not_found` */
  async stop(identity: string, signal: AbortSignal): Promise<void> {
    const { backend, ledger, runtime } = this.#context
    const record = this.#running(await this.#finder.find(identity))
    const stopped = isStopped(record) ? record : await ledger.change(record, { reason: stoppedReason })
    try {
      await backend.stop(record.containerId, { graceMs: stopGraceMs, signal })
    } catch (error) {
      // It may run on; if it does not, the reconciler finds out.
      await ledger.change(stopped, { reason: 'could not be stopped' }).catch(() => {})
      throw error
    }
    runtime.connections.close(record.name)
  }

  /** Resolves when the runtime answers again. @throws `sandbox_not_found`, `sandbox_not_running`, `sandbox_start_failed` */
  async start(identity: string, signal: AbortSignal): Promise<void> {
    const { backend, ledger, settings } = this.#context
    const record = this.#running(await this.#finder.find(identity))
    if (!isStopped(record)) return
    const { id, url, ports } = await backend.start(record.containerId, { signal })
    const started = { containerId: id, url, ports: [...ports] }
    try {
      await waitForRuntime({ ...record, ...started }, { ...this.#context, timeoutMs: settings.startTimeoutMs, signal })
      await ledger.change(record, { ...started, reason: 'started by its caller' })
    } catch (error) {
      // Back to what the record says.
      await backend.stop(id, { graceMs: 0 }).catch(() => {})
      throw error
    }
  }

  #running(record: SandboxRecord): SandboxRecord {
    if (record.state === 'running') return record
    throw new SandboxError('sandbox_not_running', `sandbox ${record.name} is ${record.state}: ${record.stateReason}`)
  }
}
