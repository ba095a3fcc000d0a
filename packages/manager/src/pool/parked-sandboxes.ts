import type { SandboxEnder } from '../end/sandbox-ender.ts'
import type { ManagerContext } from '../manager-context.ts'
import { isOwnName } from '../records/sandbox-identity.ts'

/** What is parked, in whichever pool, and how it is got rid of. */
export class ParkedSandboxes {
  readonly #context: ManagerContext
  readonly #ender: SandboxEnder

  constructor(context: ManagerContext, ender: SandboxEnder) {
    this.#context = context
    this.#ender = ender
  }

  /** Keys of the pools that hold something. */
  keys(): Promise<string[]> {
    return this.#context.state.listPools()
  }

  /** Names of this deployment's sandboxes in a pool, oldest first. */
  async names(key: string): Promise<string[]> {
    const names = await this.#context.state.listParked(key)
    return names.filter((name) => isOwnName(name, this.#context.settings.prefix))
  }

  /** Takes exactly this one out and destroys it. @returns false when somebody else got it first */
  async evict(name: string, reason: string): Promise<boolean> {
    const { state } = this.#context
    if (!(await state.withdraw(name))) return false
    const record = await state.get(name)
    if (record) await this.#ender.discard(record, reason)
    return true
  }

  /** Takes the oldest of a pool out and destroys it. @returns whether there was one */
  async evictOldest(key: string, reason: string): Promise<boolean> {
    for (const name of await this.names(key)) {
      if (await this.evict(name, reason)) return true
    }
    return false
  }

  async evictAll(key: string, reason: string): Promise<void> {
    for (const name of await this.names(key)) await this.evict(name, reason)
  }
}
