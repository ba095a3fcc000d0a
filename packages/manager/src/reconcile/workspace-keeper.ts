import { SandboxError, type SandboxRecord } from '@runtime-sandbox/core'
import type { ManagerContext } from '../manager-context.ts'
import type { WorkspaceOwner } from '../workspace/workspace-owners.ts'

/**
 * Judges the workspaces that a killed server left behind and no container stands for: recycled sandboxes are recorded anew where
 * sandboxes outlive the server, what nobody can come back to is deleted.
 */
export class WorkspaceKeeper {
  readonly #context: ManagerContext

  constructor(context: ManagerContext) {
    this.#context = context
  }

  /** Once, after the containers were judged and before callers are let in. Failures are logged. */
  async sweep(): Promise<void> {
    const { state, workspaces, logger } = this.#context
    const users = new Map<string, SandboxRecord>()
    for await (const record of state.list()) if (record.mountDir !== null) users.set(record.mountDir, record)
    for await (const { directory, owner } of workspaces.listOwners()) {
      try {
        const user = users.get(directory)
        if (user) await this.#renew(owner, user)
        else await this.#settle(directory, owner)
      } catch (error) {
        logger.error({ err: error, directory }, 'a workspace that was left behind could not be settled')
      }
    }
  }

  /** The sandbox was adopted: its earlier names lead to it again. */
  async #renew({ recycled, earlier }: WorkspaceOwner, user: SandboxRecord): Promise<void> {
    // One that was killed while it was restored is there, and its old record is not.
    const replaced = recycled && recycled.name !== user.name ? recycled : null
    await this.#insertStubs(replaced ? [...earlier, replaced.name] : earlier, user)
    await this.#context.workspaces.noteReady(user, replaced)
  }

  async #settle(directory: string, { made, recycled, released, earlier }: WorkspaceOwner): Promise<void> {
    const { settings, workspaces, logger, clock } = this.#context
    const storagePath = released?.storagePath ?? recycled?.storagePath ?? null
    if (released || settings.autoCleanup || !made) {
      await workspaces.keep({ mountDir: directory, storagePath })
      return workspaces.discard({ mountDir: directory })
    }
    if (!recycled) {
      logger.error({ directory }, 'the workspace of a sandbox whose container is gone stays on the host')
      return
    }
    const now = clock.now()
    const fresh = { url: '', redirectTo: null, recycledAt: now, updatedAt: now, revision: 1 }
    await this.#insert({ ...recycled, ...fresh, mountDir: directory })
    await this.#insertStubs(earlier, recycled)
  }

  async #insertStubs(names: readonly string[], target: SandboxRecord): Promise<void> {
    const { clock, settings } = this.#context
    for (const name of names) {
      await this.#insert({
        ...target,
        name,
        sessionId: name.slice(settings.prefix.length),
        state: 'replaced',
        stateReason: `restored as ${target.name}`,
        redirectTo: target.name,
        mountDir: null,
        storagePath: null,
        updatedAt: clock.now(),
        revision: 1,
      })
    }
  }

  async #insert(record: SandboxRecord): Promise<void> {
    try {
      await this.#context.ledger.insert(record)
    } catch (error) {
      if (!SandboxError.is(error, 'conflict')) throw error
    }
  }
}
