import type { SandboxRecord } from '@runtime-sandbox/core'
import type { RecordChange } from '../records/record-ledger.ts'

const notKept = 'its workspace could not be kept and stays on the host'

/** Whether something of an ended sandbox is still to be done: removing its container, keeping its workspace. */
export function isUnfinished(record: SandboxRecord): boolean {
  if (record.state === 'recycled') return record.recycledAt === null || isWorkspaceLeft(record)
  return (record.state === 'released' || record.state === 'error') && record.releasedAt === null
}

/** Whether nothing but the host directory is left of an ended sandbox, because the storage did not take it. */
export function isWorkspaceLeft(record: SandboxRecord): boolean {
  return record.stateReason.endsWith(notKept)
}

/** What makes a record released; it leaves its session. */
export function releasedPatch({ meta }: SandboxRecord) {
  const { session_ctx_id: _, ...rest } = meta
  return { state: 'released' as const, sessionContextId: null, meta: rest, releasedAt: null }
}

export type Settled = {
  at: number
  /** Whether the workspace is where it should be: in the storage, if it has a place there. */
  kept: boolean
  /** Whether the host directory is gone. */
  deleted: boolean
}

/** What the record of an ended sandbox says once its container is gone; undefined when it says so already. */
export function settledChange(record: SandboxRecord, { at, kept, deleted }: Settled): RecordChange | undefined {
  // Whatever listens at its address from now on is something else.
  const gone = { url: '', ...(record.state === 'recycled' && { recycledAt: record.recycledAt ?? at }) }
  const reason = withoutNote(record.stateReason)
  if (!kept) {
    // Noted once: a record that changes with every attempt would never expire.
    return isWorkspaceLeft(record) ? undefined : { ...gone, reason: `${reason.slice(0, 400)}; ${notKept}` }
  }
  if (record.state === 'recycled') return { ...gone, reason }
  // What was noted stays: it tells what happened.
  return { ...gone, reason: record.stateReason, releasedAt: at, mountDir: deleted ? null : record.mountDir }
}

function withoutNote(reason: string): string {
  return reason.endsWith(notKept) ? reason.slice(0, -notKept.length).replace(/; $/, '') : reason
}
