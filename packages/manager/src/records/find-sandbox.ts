import { SandboxError, type SandboxRecord, type StateStore } from '@runtime-sandbox/core'

/** The record with this name, or with this bare session id. Does not follow replacements. */
export async function findRecord(
  { state, prefix }: { state: StateStore; prefix: string },
  identity: string,
): Promise<SandboxRecord | undefined> {
  const record = await state.get(identity)
  return record ?? (await state.get(prefix + identity))
}

/**
 * What a sandbox leads to, over all replacements: itself when it was not replaced; undefined when the rest is forgotten.
 *
 * @throws SandboxError `redirect_loop`
 */
export async function finalRecord(state: StateStore, record: SandboxRecord): Promise<SandboxRecord | undefined> {
  let current: SandboxRecord | undefined = record
  const passed = new Set<string>()
  while (current?.state === 'replaced' && current.redirectTo !== null) {
    if (passed.size === passed.add(current.name).size) {
      throw new SandboxError('redirect_loop', `Redirect loop detected for container ${record.name}`)
    }
    current = await state.get(current.redirectTo)
  }
  return current
}

/** Finds the sandbox that a caller means. */
export class SandboxFinder {
  readonly #state: StateStore
  readonly #prefix: string

  constructor(options: { state: StateStore; prefix: string }) {
    this.#state = options.state
    this.#prefix = options.prefix
  }

  /**
   * The sandbox that `identity` (name or session id) stands for, after all replacements. One that nobody was given yet (being
   * made, or parked) is not there.
   *
   * @throws SandboxError `sandbox_not_found` in the words of the wire contract, `redirect_loop`
   */
  async find(identity: string): Promise<SandboxRecord> {
    const first = await findRecord({ state: this.#state, prefix: this.#prefix }, identity)
    const record = first && (await this.#follow(first))
    if (!record || record.state === 'creating' || record.state === 'warm') {
      throw new SandboxError('sandbox_not_found', `No container found with id: ${identity}.`)
    }
    return record
  }

  /** A record that leads on over several others is made to lead straight to the last: so no name is ever too far away. */
  async #follow(first: SandboxRecord): Promise<SandboxRecord | undefined> {
    const last = await finalRecord(this.#state, first)
    if (last && last !== first && last.name !== first.redirectTo) {
      const { name, revision, updatedAt } = first
      // Somebody else may do it at the same time.
      await this.#state.update(name, revision, { redirectTo: last.name }, updatedAt).catch(() => {})
    }
    return last
  }
}

/** @throws SandboxError `sandbox_not_running` when calls cannot reach the sandbox */
export function assertRunning(record: SandboxRecord): void {
  if (record.state === 'running' && !isStopped(record)) return
  const state = record.state === 'running' ? 'stopped' : record.state
  throw new SandboxError('sandbox_not_running', `sandbox ${record.name} is ${state}: ${record.stateReason}`)
}

/** State reason of a running sandbox whose processes a caller has stopped; it keeps its state and its place in the limit. */
export const stoppedReason = 'stopped by its caller'

/** Whether a caller has stopped the sandbox, so that its container may well be exited. */
export function isStopped(record: SandboxRecord): boolean {
  return record.state === 'running' && record.stateReason === stoppedReason
}
