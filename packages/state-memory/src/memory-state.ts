import {
  isActive,
  SandboxError,
  type ClaimOptions,
  type Clock,
  type InsertOptions,
  type Lease,
  type LeaseOptions,
  type ListFilter,
  type RecycleOptions,
  type SandboxRecord,
  type SandboxRecordPatch,
  type StateStore,
} from '@runtime-sandbox/core'
import { LeaseTable } from './lease-table.ts'
import { PortTable } from './port-table.ts'
import { RecordTable } from './record-table.ts'

export type MemoryStateOptions = {
  /** Tells when leases run out. */
  clock: Clock
}

/** A state store in the memory of this process; what it holds is gone when the process ends, or the store is closed. */
export function createMemoryState({ clock }: MemoryStateOptions): StateStore {
  return new MemoryState(clock)
}

type Tables = { records: RecordTable; ports: PortTable; leases: LeaseTable }

/**
 * No operation pauses between reading and writing, which is what makes it atomic here. What goes in and out is copied as JSON, so
 * that nobody shares an object with the store, and values are what they would be in any other store.
 */
class MemoryState implements StateStore {
  readonly ephemeral = true
  #content: Tables | undefined

  constructor(clock: Clock) {
    this.#content = { records: new RecordTable(), ports: new PortTable(), leases: new LeaseTable(clock) }
  }

  async insert(record: SandboxRecord, { capacity = Infinity }: InsertOptions = {}): Promise<void> {
    const { records } = this.#tables
    if (record.revision !== 1) throw new SandboxError('invalid_argument', 'the revision of a new record must be 1')
    if (records.get(record.name)) throw new SandboxError('conflict', `sandbox ${record.name} is recorded already`)
    if (isActive(record.state) && records.active >= capacity) {
      throw new SandboxError('limit_reached', `the limit of ${capacity} sandboxes is reached`)
    }
    records.put(copy(record))
  }

  async get(name: string): Promise<SandboxRecord | undefined> {
    const record = this.#tables.records.get(name)
    return record && copy(record)
  }

  async update(name: string, expectedRevision: number, patch: SandboxRecordPatch, at: number): Promise<SandboxRecord> {
    const { records } = this.#tables
    const current = records.require(name)
    if (current.revision !== expectedRevision) {
      const message = `sandbox ${name} is at revision ${current.revision}, not ${expectedRevision}`
      throw new SandboxError('conflict', message)
    }
    return replace(records, current, patch, at)
  }

  async remove(name: string): Promise<void> {
    this.#tables.records.delete(name)
  }

  async *list({ states }: ListFilter = {}): AsyncGenerator<SandboxRecord, void> {
    for (const name of this.#tables.records.names()) {
      const record = this.#tables.records.get(name)
      if (record && (!states || states.includes(record.state))) yield copy(record)
    }
  }

  async countActive(): Promise<number> {
    return this.#tables.records.active
  }

  async park(name: string): Promise<void> {
    const { records } = this.#tables
    const { state, poolKey } = records.require(name)
    if (state !== 'warm') throw new SandboxError('conflict', `sandbox ${name} is ${state}, not warm`)
    if (poolKey === null) throw new SandboxError('conflict', `sandbox ${name} was made for no pool`)
    records.pools.add(name, poolKey)
  }

  async claim(poolKey: string, { at, meta, sessionContextId }: ClaimOptions): Promise<SandboxRecord | undefined> {
    const { records } = this.#tables
    const name = records.pools.oldest(poolKey)
    if (name === undefined) return undefined
    const change: SandboxRecordPatch = { state: 'running', stateReason: 'claimed', lastActiveAt: at }
    return replace(records, records.require(name), { ...change, meta, sessionContextId }, at)
  }

  async withdraw(name: string): Promise<boolean> {
    return this.#tables.records.pools.remove(name)
  }

  async countParked(poolKey: string): Promise<number> {
    return this.#tables.records.pools.count(poolKey)
  }

  async listParked(poolKey: string): Promise<string[]> {
    return this.#tables.records.pools.names(poolKey)
  }

  async listPools(): Promise<string[]> {
    return this.#tables.records.pools.keys()
  }

  async listSessionSandboxes(sessionContextId: string): Promise<string[]> {
    return this.#tables.records.sessions.names(sessionContextId)
  }

  async listSessions(): Promise<string[]> {
    return this.#tables.records.sessions.sessions()
  }

  async touchSession(sessionContextId: string, at: number): Promise<readonly string[]> {
    const { records } = this.#tables
    const names = records.sessions.touch(sessionContextId, at)
    for (const name of names) records.touch(name, at)
    return names
  }

  async listIdleSessions(before: number, limit: number): Promise<string[]> {
    return this.#tables.records.sessions.idle(before, limit)
  }

  async recycleIdle(name: string, { idleBefore, reason, at }: RecycleOptions): Promise<SandboxRecord | undefined> {
    const { records } = this.#tables
    const record = records.get(name)
    if (record?.state !== 'running' || (record.lastActiveAt ?? record.createdAt) >= idleBefore) return undefined
    return replace(records, record, { state: 'recycled', stateReason: reason, recycleReason: reason }, at)
  }

  async listRecycled(before: number, limit: number): Promise<string[]> {
    return this.#tables.records.recycled.below(before, limit)
  }

  async listExpired(before: number, limit: number): Promise<string[]> {
    return this.#tables.records.ended.below(before, limit)
  }

  async leasePort(
    range: readonly [from: number, to: number],
    owner: string,
    except: ReadonlySet<number> = new Set(),
  ): Promise<number | undefined> {
    return this.#tables.ports.lease(range, owner, except)
  }

  async holdPort(port: number, owner: string): Promise<boolean> {
    return this.#tables.ports.hold(port, owner)
  }

  async freePorts(owner: string): Promise<void> {
    this.#tables.ports.free(owner)
  }

  async acquireLease(name: string, options: LeaseOptions): Promise<Lease | undefined> {
    return this.#tables.leases.acquire(name, options)
  }

  async releaseLease(name: string, holder: string): Promise<void> {
    this.#tables.leases.release(name, holder)
  }

  async ping(): Promise<void> {
    void this.#tables
  }

  async close(): Promise<void> {
    this.#content = undefined
  }

  get #tables(): Tables {
    if (this.#content) return this.#content
    throw new SandboxError('state_unavailable', 'the state store is closed')
  }
}

function replace(records: RecordTable, current: SandboxRecord, patch: SandboxRecordPatch, at: number): SandboxRecord {
  const next: SandboxRecord = { ...current, ...copy(patch), updatedAt: at, revision: current.revision + 1 }
  records.put(next)
  return copy(next)
}

function copy<T>(value: T): T {
  return JSON.parse(JSON.stringify(value)) as T
}
