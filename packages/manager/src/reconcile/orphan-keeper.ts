import { SandboxError, type ContainerInfo, type SandboxRecord } from '@runtime-sandbox/core'
import type { ManagerContext } from '../manager-context.ts'
import { waitForRuntime } from '../runtime/wait-for-runtime.ts'
import { recordFromContainer, workspaceOfContainer } from '../records/container-labels.ts'

/** So long a resource without a record may be there in a shared store, which may have lost or not yet shown the record. */
const graceMs = 60_000
/** So long is waited for the runtime of a sandbox that is adopted. */
const adoptionMs = 3000

/** Decides about resources that carry our labels and have no record: adopted where sandboxes outlive the server, else removed. */
export class OrphanKeeper {
  readonly #context: ManagerContext
  /** When each was first seen without a record. */
  readonly #seenAt = new Map<string, number>()

  constructor(context: ManagerContext) {
    this.#context = context
  }

  /** Forgets resources that are no longer there. */
  retain(names: ReadonlySet<string>): void {
    for (const name of this.#seenAt.keys()) {
      if (!names.has(name)) this.#seenAt.delete(name)
    }
  }

  /** Failures are logged; the next sweep judges again. */
  async judge(info: ContainerInfo, signal: AbortSignal): Promise<void> {
    const { backend, state, logger, clock } = this.#context
    const seenAt = this.#seenAt.get(info.name) ?? clock.now()
    this.#seenAt.set(info.name, seenAt)
    try {
      if (await this.#adopted(info)) return
      // What a store of this process alone does not know belongs to a server that is dead.
      if (!state.ephemeral && clock.now() - seenAt < graceMs) return
      await backend.remove(info.id, { signal })
      this.#seenAt.delete(info.name)
      logger.warn({ name: info.name, status: info.status }, 'removed a container that has no record')
      await this.#settleWorkspace(info)
    } catch (error) {
      signal.throwIfAborted()
      logger.error({ err: error, name: info.name }, 'a container without a record, or its workspace, is left')
    }
  }

  /** Kept where it has a place; deleted where every sandbox is to be destroyed, else left to the operator. */
  async #settleWorkspace(info: ContainerInfo): Promise<void> {
    const { workspaces, settings } = this.#context
    const workspace = workspaceOfContainer(info, settings.prefix)
    if (!workspace) return
    await workspaces.keep(workspace)
    if (settings.autoCleanup) await workspaces.discard(workspace)
  }

  async #adopted(info: ContainerInfo): Promise<boolean> {
    const { backend, settings, ledger, registry, clock } = this.#context
    if (settings.autoCleanup || !backend.survivesServer || info.status !== 'running') return false
    const imageOf = (type: string) => (registry.has(type) ? registry.get(type).image : undefined)
    const record = recordFromContainer(info, { settings, imageOf, now: clock.now() })
    if (!record) return false
    await this.#awaitRuntime(record)
    try {
      // No capacity: it is there, whatever the limit says.
      await ledger.insert(record)
    } catch (error) {
      if (!SandboxError.is(error, 'conflict')) throw error
    }
    this.#seenAt.delete(info.name)
    return true
  }

  /** It may have been started just before its server was killed. One that does not answer is its caller's all the same. */
  async #awaitRuntime(record: SandboxRecord): Promise<void> {
    const { gate } = this.#context
    await waitForRuntime(record, { ...this.#context, timeoutMs: adoptionMs, signal: gate.signal }).catch(() => {})
  }
}
