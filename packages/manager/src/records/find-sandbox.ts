import { SandboxError, type SandboxRecord, type StateStore } from '@runtime-sandbox/core'

const maxRedirects = 10

/** The record with this name, or with this bare session id. Does not follow replacements. */
export async function findRecord(
  { state, prefix }: { state: StateStore; prefix: string },
  identity: string,
): Promise<SandboxRecord | undefined> {
  const record = await state.get(identity)
  return record ?? (await state.get(prefix + identity))
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
    let record = await findRecord({ state: this.#state, prefix: this.#prefix }, identity)
    for (let redirects = 0; record?.state === 'replaced' && record.redirectTo !== null; redirects++) {
      if (redirects === maxRedirects) {
        throw new SandboxError('redirect_loop', `Redirect loop detected for container ${identity}`)
      }
      record = await this.#state.get(record.redirectTo)
    }
    if (!record || record.state === 'creating' || record.state === 'warm') {
      throw new SandboxError('sandbox_not_found', `No container found with id: ${identity}.`)
    }
    return record
  }

  /** The same, if calls can reach it. @throws SandboxError `sandbox_not_running` */
  async findRunning(identity: string): Promise<SandboxRecord> {
    const record = await this.find(identity)
    if (record.state !== 'running' || isStopped(record)) {
      const state = record.state === 'running' ? 'stopped' : record.state
      throw new SandboxError('sandbox_not_running', `sandbox ${record.name} is ${state}: ${record.stateReason}`)
    }
    return record
  }
}

/** State reason of a running sandbox whose processes a caller has stopped; it keeps its state and its place in the limit. */
export const stoppedReason = 'stopped by its caller'

/** Whether a caller has stopped the sandbox, so that its container may well be exited. */
export function isStopped(record: SandboxRecord): boolean {
  return record.state === 'running' && record.stateReason === stoppedReason
}
