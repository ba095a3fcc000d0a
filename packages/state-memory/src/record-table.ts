import { isActive, SandboxError, type SandboxRecord, type SandboxState } from '@runtime-sandbox/core'
import { OrderedIndex } from './ordered-index.ts'
import { PoolIndex } from './pool-index.ts'
import { SessionIndex } from './session-index.ts'

const endedStates: readonly SandboxState[] = ['released', 'replaced', 'error']

/** The records, and every index of them, kept in step. Records in here are never changed in place and never handed out. */
export class RecordTable {
  readonly pools = new PoolIndex()
  readonly sessions = new SessionIndex()
  /** Ended records by their last change. */
  readonly ended = new OrderedIndex<string>()
  /** Recycled records by their last change. */
  readonly recycled = new OrderedIndex<string>()
  readonly #records = new Map<string, SandboxRecord>()
  #active = 0

  get active(): number {
    return this.#active
  }

  get(name: string): SandboxRecord | undefined {
    return this.#records.get(name)
  }

  /** @throws `sandbox_not_found` */
  require(name: string): SandboxRecord {
    const record = this.#records.get(name)
    if (record) return record
    throw new SandboxError('sandbox_not_found', `no record of sandbox ${name}`)
  }

  names(): string[] {
    return [...this.#records.keys()]
  }

  /** Puts the record in the place of the one with its name. */
  put(record: SandboxRecord): void {
    const before = this.#records.get(record.name)
    this.#records.set(record.name, record)
    this.#reindex(record.name, before, record)
  }

  /** Notes an activity: it is in no index but that of sessions, and no change that a writer could collide with. */
  touch(name: string, at: number): void {
    const record = this.#records.get(name)
    if (record && at > (record.lastActiveAt ?? -Infinity)) this.#records.set(name, { ...record, lastActiveAt: at })
  }

  delete(name: string): void {
    const before = this.#records.get(name)
    this.#records.delete(name)
    this.#reindex(name, before, undefined)
  }

  #reindex(name: string, before: SandboxRecord | undefined, after: SandboxRecord | undefined): void {
    this.#active += Number(after !== undefined && isActive(after.state))
    this.#active -= Number(before !== undefined && isActive(before.state))
    this.pools.change(name, after)
    this.sessions.change(name, before, after)
    if (after && endedStates.includes(after.state)) this.ended.set(name, after.updatedAt)
    else this.ended.delete(name)
    if (after?.state === 'recycled') this.recycled.set(name, after.updatedAt)
    else this.recycled.delete(name)
  }
}
