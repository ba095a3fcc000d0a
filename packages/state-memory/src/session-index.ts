import { sessionStates, type SandboxRecord } from '@runtime-sandbox/core'
import { OrderedIndex } from './ordered-index.ts'

type Session = { names: Set<string>; running: Set<string> }

/** Which sandboxes belong to which session, and which sessions have been idle for how long. */
export class SessionIndex {
  readonly #sessions = new Map<string, Session>()
  /** Last activity of the sessions that have a running sandbox. */
  readonly #activity = new OrderedIndex<string>()

  change(name: string, before: SandboxRecord | undefined, after: SandboxRecord | undefined): void {
    const from = sessionOf(before)
    const to = sessionOf(after)
    if (from !== undefined && from !== to) this.#leave(from, name)
    if (to !== undefined) this.#enter(to, after!)
  }

  /** Oldest first. */
  names(session: string): string[] {
    return [...(this.#sessions.get(session)?.names ?? [])]
  }

  sessions(): string[] {
    return [...this.#sessions.keys()]
  }

  /** @returns names of its running sandboxes; none when it is unknown */
  touch(session: string, at: number): readonly string[] {
    const running = this.#sessions.get(session)?.running
    if (!running || running.size === 0) return []
    this.#noteActivity(session, at)
    return [...running]
  }

  idle(before: number, limit: number): string[] {
    return this.#activity.below(before, limit)
  }

  #enter(id: string, record: SandboxRecord): void {
    const session = this.#sessions.get(id) ?? { names: new Set(), running: new Set() }
    this.#sessions.set(id, session)
    session.names.add(record.name)
    if (record.state === 'running') {
      session.running.add(record.name)
      this.#noteActivity(id, record.lastActiveAt ?? record.createdAt)
    } else {
      this.#endRunning(id, session, record.name)
    }
  }

  #leave(id: string, name: string): void {
    const session = this.#sessions.get(id)
    if (!session) return
    session.names.delete(name)
    this.#endRunning(id, session, name)
    if (session.names.size === 0) this.#sessions.delete(id)
  }

  #endRunning(id: string, session: Session, name: string): void {
    session.running.delete(name)
    if (session.running.size === 0) this.#activity.delete(id)
  }

  // A report that comes late does not make a session idle.
  #noteActivity(id: string, at: number): void {
    if (at > (this.#activity.at(id) ?? -Infinity)) this.#activity.set(id, at)
  }
}

function sessionOf(record: SandboxRecord | undefined): string | undefined {
  if (!record || record.sessionContextId === null || !sessionStates.includes(record.state)) return undefined
  return record.sessionContextId
}
