import type { SandboxRecord, SandboxRecordPatch, SandboxState } from './sandbox-record.ts'

export type InsertOptions = {
  /** Most records in an active state (creating, warm, running) that may exist, this one included; undefined = no limit. */
  capacity?: number | undefined
}

export type ListFilter = { states?: readonly SandboxState[] }

/** Whom a parked sandbox is handed to. */
export type ClaimOptions = {
  meta: Record<string, unknown>
  sessionContextId: string | null
  /** Milliseconds since the epoch. */
  at: number
}

/** Which sandbox may be recycled, and what its record says then. */
export type RecycleOptions = {
  /** Milliseconds since the epoch; without `lastActiveAt`, `createdAt` counts. */
  idleBefore: number
  /** `stateReason` and `recycleReason`. */
  reason: string
  /** Milliseconds since the epoch. */
  at: number
}

/** A named right that one holder has at a time. */
export type Lease = {
  name: string
  holder: string
  /** Grows with every new holder; a late write of an earlier holder is known by its smaller token. */
  fencingToken: number
  expiresAt: number
}

export type LeaseOptions = { holder: string; ttlMs: number }

/**
 * Host ports in use, so that servers on one machine do not hand out the same one.
 * The store only remembers; whether something else listens is for the engine to find out.
 */
export interface PortLeases {
  /** A port of `[from, to)` that nobody holds, now held by `owner`, skipping `except`; undefined when there is none. */
  leasePort(
    range: readonly [from: number, to: number],
    owner: string,
    except?: ReadonlySet<number>,
  ): Promise<number | undefined>
  /** Holds exactly `port`; false when another owner has it. */
  holdPort(port: number, owner: string): Promise<boolean>
  /** Frees all ports of `owner`. Idempotent. */
  freePorts(owner: string): Promise<void>
}

/**
 * Where records, pools, sessions, ports and leases live. Every operation is atomic; how, is the store's private affair.
 * All throw SandboxError `state_unavailable` when the store does not answer.
 *
 * The store keeps its own indexes: a record is in its session's index while its state is creating, running or recycled and
 * `sessionContextId` is set; it is in the pool from `park` until `claim`, `withdraw`, a change to another state, or `remove`.
 */
export interface StateStore extends PortLeases {
  /** Whether the records are gone when this process ends. */
  readonly ephemeral: boolean

  /**
   * Adds a record. Its revision must be 1.
   * @throws `limit_reached` (capacity), `conflict` (the name exists), `invalid_argument` (another revision)
   */
  insert(record: SandboxRecord, options?: InsertOptions): Promise<void>
  get(name: string): Promise<SandboxRecord | undefined>
  /**
   * Applies `patch` if the record still has `expectedRevision`; sets `updatedAt` to `at` and adds one to the revision.
   * @throws `conflict` (another revision), `sandbox_not_found`
   */
  update(name: string, expectedRevision: number, patch: SandboxRecordPatch, at: number): Promise<SandboxRecord>
  /** Forgets a record. Idempotent. */
  remove(name: string): Promise<void>
  /** All records, in no order; for the reconciler and clean-up only, never on a request's path. */
  list(filter?: ListFilter): AsyncIterable<SandboxRecord>
  /** Number of records in an active state; O(1). */
  countActive(): Promise<number>

  /**
   * Puts a record of state `warm` at the end of its pool (`record.poolKey`). One that is parked already keeps its place.
   * @throws `conflict` when it is not warm or has no pool, `sandbox_not_found`
   */
  park(name: string): Promise<void>
  /**
   * Takes the oldest parked sandbox of a pool, makes it `running` (reason `claimed`) and binds it to a session, in one step:
   * two claims never get the same one. undefined when the pool is empty.
   */
  claim(poolKey: string, options: ClaimOptions): Promise<SandboxRecord | undefined>
  /** Takes exactly this sandbox out of its pool; true for the one caller that did so, who now has to destroy it. */
  withdraw(name: string): Promise<boolean>
  /** Number of parked sandboxes; O(1). */
  countParked(poolKey: string): Promise<number>
  /** Names of the parked sandboxes, oldest first. */
  listParked(poolKey: string): Promise<string[]>
  /** Keys of the pools that hold at least one sandbox. */
  listPools(): Promise<string[]>

  /** Names of the sandboxes of a session, oldest first. */
  listSessionSandboxes(sessionContextId: string): Promise<string[]>
  /** All sessions that have a sandbox. */
  listSessions(): Promise<string[]>
  /**
   * Marks the session active: `lastActiveAt` of its running sandboxes, and its place among the idle ones. Neither goes back for an
   * older `at`. It is no change of a record: revision and `updatedAt` stay, so it never collides with one. Unknown: no effect.
   *
   * @returns names of the running sandboxes that were marked: from now on `recycleIdle` knows that they are in use
   */
  touchSession(sessionContextId: string, at: number): Promise<readonly string[]>
  /**
   * Sessions with a running sandbox whose last activity was earlier than `before`, longest idle first, at most `limit`. A running
   * sandbox without `lastActiveAt` counts from `createdAt`. From an index, not a scan.
   */
  listIdleSessions(before: number, limit: number): Promise<string[]>
  /**
   * Makes a running sandbox `recycled` if its last activity was earlier than `idleBefore`, in one step with the look at it: one
   * that was touched before stays, and one that is touched later is no longer marked.
   *
   * @returns the changed record; undefined when the sandbox is not running, or was active meanwhile
   */
  recycleIdle(name: string, options: RecycleOptions): Promise<SandboxRecord | undefined>
  /** Names of recycled records whose `updatedAt` is earlier than `before`, oldest first, at most `limit`. From an index, not a scan. */
  listRecycled(before: number, limit: number): Promise<string[]>
  /** Names of released, replaced and error records whose `updatedAt` is earlier than `before`, oldest first, at most `limit`. From an index, not a scan. */
  listExpired(before: number, limit: number): Promise<string[]>

  /** The lease, if nobody else holds it now; a holder that asks again gets it prolonged with the same token. */
  acquireLease(name: string, options: LeaseOptions): Promise<Lease | undefined>
  /** Gives the lease back, if `holder` has it. */
  releaseLease(name: string, holder: string): Promise<void>

  ping(): Promise<void>
  close(): Promise<void>
}
