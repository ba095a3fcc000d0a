import { isActive, SandboxError, type SandboxRecord } from '@runtime-sandbox/core'
import type { SandboxCreator } from '../create/sandbox-creator.ts'
import { planOfPredecessor } from '../create/sandbox-plan.ts'
import type { SandboxEnder } from '../end/sandbox-ender.ts'
import type { ManagerContext } from '../manager-context.ts'
import { HeldLease } from '../records/held-lease.ts'
import { untilAborted } from '../until-aborted.ts'

export type SandboxRestorerParts = { creator: SandboxCreator; ender: SandboxEnder }

/** How often is looked whether another server has restored a sandbox meanwhile. */
const otherServerMs = 200

/**
 * Gives recycled sandboxes back: a new container with the workspace, variables and session of the old one, which becomes a
 * pointer to it. The new name is noted in the old record before anything is made, so that after a crash both are found together.
 */
export class SandboxRestorer {
  readonly #context: ManagerContext
  readonly #parts: SandboxRestorerParts
  readonly #restoring = new Map<string, Promise<void>>()

  constructor(context: ManagerContext, parts: SandboxRestorerParts) {
    this.#context = context
    this.#parts = parts
  }

  /**
   * Resolves when the sandbox is replaced, or is no longer recycled for another reason. Callers at the same time share the work,
   * which goes on when they leave.
   *
   * @throws `limit_reached`, and what making a sandbox throws: the sandbox stays recycled then
   */
  async restore(name: string, signal: AbortSignal | undefined): Promise<void> {
    const restoring = this.#restoring.get(name) ?? this.#begin(name)
    await untilAborted(restoring, signal)
  }

  #begin(name: string): Promise<void> {
    const { gate } = this.#context
    const restoring = gate
      .run((signal) => this.#restore(name, signal), { abortOnClose: true })
      .finally(() => this.#restoring.delete(name))
    this.#restoring.set(name, restoring)
    return restoring
  }

  async #restore(name: string, signal: AbortSignal): Promise<void> {
    const { state, leases, clock } = this.#context
    for (;;) {
      await using lease = state.ephemeral ? undefined : await HeldLease.acquire(leases, `restore:${name}`)
      if (lease || state.ephemeral) {
        return this.#parts.ender.exclusively(name, (record) => this.#replace(record, signal))
      }
      await clock.sleep(otherServerMs, { signal })
      if ((await state.get(name))?.state !== 'recycled') return
    }
  }

  /** @param old as it is while nobody else ends or restores it */
  async #replace(old: SandboxRecord | undefined, signal: AbortSignal): Promise<void> {
    if (old?.state !== 'recycled' || (await this.complete(old))) return
    const { ledger } = this.#context
    const { creator, ender } = this.#parts
    const plan = planOfPredecessor(this.#context, old)
    const onNamed = async (redirectTo: string) => {
      const noted = await ledger.changeLatest(old.name, (latest) =>
        latest.state === 'recycled' ? { redirectTo, reason: latest.stateReason } : undefined,
      )
      if (!noted) throw new SandboxError('sandbox_not_running', `sandbox ${old.name} was released`)
    }
    const made = await creator.make(plan, signal, { onNamed })
    if (await this.#pointTo(old.name, made)) return
    await ender.release(made.name, 'what it was restored for was released')
  }

  /**
   * Ends what a restore has begun that was cut off behind its last step: the new sandbox is there, the old record does not say so.
   *
   * @returns whether it was so
   */
  async complete(old: SandboxRecord): Promise<boolean> {
    if (old.redirectTo === null) return false
    const target = await this.#context.state.get(old.redirectTo)
    const made = target && target.state !== 'creating' && (isActive(target.state) || target.state === 'recycled')
    return made ? this.#pointTo(old.name, target) : false
  }

  /** @returns false when the old record was released meanwhile */
  async #pointTo(name: string, { name: redirectTo }: SandboxRecord): Promise<boolean> {
    const replaced = await this.#context.ledger.changeLatest(name, (latest) =>
      latest.state === 'recycled'
        ? {
            state: 'replaced',
            reason: `restored as ${redirectTo}`,
            redirectTo,
            // The workspace is the new one's now.
            mountDir: null,
            storagePath: null,
          }
        : undefined,
    )
    return replaced !== undefined
  }
}
