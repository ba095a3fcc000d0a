import type { CallOptions, ManagerApi } from '@runtime-sandbox/core'
import { HttpManager } from './http-manager.ts'
import { untilAborted } from './until-aborted.ts'

/** One piece of work at a time for each session, in the order of asking. */
export class SessionTurns {
  /** Session → settles when nobody that asked so far works or waits. */
  readonly #last = new Map<string, Promise<unknown>>()

  /** Waits for the session's turn, then works; who is told to stop while waiting leaves the queue at once. */
  async run<Result>(session: string, work: () => Promise<Result>, { signal }: CallOptions = {}): Promise<Result> {
    const before = this.#last.get(session)
    let end = () => {}
    const own = new Promise<void>((resolve) => (end = resolve))
    // Also behind one that has left the queue, those before it are waited for.
    const last = Promise.all([before, own])
    this.#last.set(session, last)
    try {
      await untilAborted(Promise.resolve(before), signal)
      return await work()
    } finally {
      end()
      void last.then(() => this.#last.get(session) === last && this.#last.delete(session))
    }
  }
}

const turnsOfServers = new Map<string, SessionTurns>()
const turnsOfManagers = new WeakMap<ManagerApi, SessionTurns>()

/** The turns of all who use the same server, or the same manager, in this process. */
export function turnsOf(manager: ManagerApi): SessionTurns {
  if (manager instanceof HttpManager) return entryOf(turnsOfServers, manager.baseUrl)
  return entryOf(turnsOfManagers, manager)
}

type Entries<Key> = { get(key: Key): SessionTurns | undefined; set(key: Key, turns: SessionTurns): unknown }

function entryOf<Key>(entries: Entries<Key>, key: Key): SessionTurns {
  const turns = entries.get(key) ?? new SessionTurns()
  entries.set(key, turns)
  return turns
}
