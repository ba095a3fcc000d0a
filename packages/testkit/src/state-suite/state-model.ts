import { activeStates, sessionStates, type SandboxRecord, type SandboxState } from '@runtime-sandbox/core'

/** The pools and sessions of a history. */
export const poolKeys = ['p', 'q'] as const
export const sessionIds = ['S', 'T'] as const

const endedStates: readonly SandboxState[] = ['released', 'replaced', 'error']

/** What a store should hold: the same promises, kept by looking at everything each time. */
export class StateModel {
  readonly records = new Map<string, SandboxRecord>()
  /** Names, in the order of parking. */
  parked: string[] = []
  /** Names in the order in which they joined their session. */
  readonly sessions = new Map<string, string[]>()
  readonly activity = new Map<string, number>()
  readonly ports = new Map<number, string>()
  /** Names that were handed to somebody. */
  readonly handedOut = new Set<string>()
  now = 10_000

  put(record: SandboxRecord): void {
    this.#leaveSessions(record)
    this.records.set(record.name, record)
    if (record.state !== 'warm') this.unpark(record.name)
    if (record.sessionContextId !== null && sessionStates.includes(record.state)) this.#join(record)
    this.#dropActivity()
  }

  remove(name: string): void {
    this.records.delete(name)
    this.unpark(name)
    this.#leaveSessions({ name, sessionContextId: null, state: 'released' })
    this.#dropActivity()
  }

  unpark(name: string): void {
    this.parked = this.parked.filter((other) => other !== name)
  }

  touch(session: string): void {
    const running = this.runningOf(session)
    if (running.length === 0) return
    for (const record of running) {
      this.records.set(record.name, { ...record, lastActiveAt: Math.max(record.lastActiveAt ?? -Infinity, this.now) })
    }
    this.#noteActivity(session, this.now)
  }

  get active(): number {
    return [...this.records.values()].filter(({ state }) => activeStates.includes(state)).length
  }

  parkedIn(poolKey: string): string[] {
    return this.parked.filter((name) => this.records.get(name)?.poolKey === poolKey)
  }

  runningOf(session: string): SandboxRecord[] {
    const records = [...this.records.values()]
    return records.filter(({ sessionContextId, state }) => sessionContextId === session && state === 'running')
  }

  get ended(): SandboxRecord[] {
    return [...this.records.values()].filter(({ state }) => endedStates.includes(state))
  }

  get recycled(): SandboxRecord[] {
    return [...this.records.values()].filter(({ state }) => state === 'recycled')
  }

  #join({ name, sessionContextId, state, lastActiveAt, createdAt }: SandboxRecord): void {
    const session = sessionContextId!
    const names = this.sessions.get(session) ?? []
    if (!names.includes(name)) this.sessions.set(session, [...names, name])
    if (state === 'running') this.#noteActivity(session, lastActiveAt ?? createdAt)
  }

  #leaveSessions({ name, sessionContextId, state }: Pick<SandboxRecord, 'name' | 'sessionContextId' | 'state'>): void {
    for (const [session, names] of this.sessions) {
      if (session === sessionContextId && sessionStates.includes(state)) continue
      const rest = names.filter((other) => other !== name)
      if (rest.length === 0) this.sessions.delete(session)
      else this.sessions.set(session, rest)
    }
  }

  #noteActivity(session: string, at: number): void {
    this.activity.set(session, Math.max(this.activity.get(session) ?? -Infinity, at))
  }

  #dropActivity(): void {
    for (const session of this.activity.keys()) {
      if (this.runningOf(session).length === 0) this.activity.delete(session)
    }
  }
}
