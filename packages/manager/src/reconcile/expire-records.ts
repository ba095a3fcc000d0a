import { isActive, SandboxError, type SandboxRecord } from '@runtime-sandbox/core'
import { isWorkspaceLeft } from '../end/ended-record.ts'
import type { SandboxEnder } from '../end/sandbox-ender.ts'
import type { ManagerContext } from '../manager-context.ts'
import { finalRecord } from '../records/find-sandbox.ts'
import { isOwnName } from '../records/sandbox-identity.ts'

/** Records that one sweep looks at; those left over have their turn in the next. */
const maxPerPass = 200

/**
 * Ends sandboxes that were recycled longer ago than the settings say, and forgets the records of those that ended longer ago,
 * with the workspace of those that were lost. Failures are logged.
 */
export async function expireRecords(context: ManagerContext, ender: SandboxEnder): Promise<void> {
  const { state, settings, clock } = context
  const { recycledRecordTtlMs, releasedRecordTtlMs } = settings
  if (recycledRecordTtlMs > 0) {
    const names = await state.listRecycled(clock.now() - recycledRecordTtlMs, maxPerPass)
    await eachExpired(names, { context, ender }, endRecycled)
  }
  if (releasedRecordTtlMs > 0) {
    const names = await state.listExpired(clock.now() - releasedRecordTtlMs, maxPerPass)
    await eachExpired(names, { context, ender }, forgetEnded)
  }
}

type Parts = { context: ManagerContext; ender: SandboxEnder }

async function eachExpired(
  names: readonly string[],
  parts: Parts,
  expire: (record: SandboxRecord, parts: Parts) => Promise<void>,
): Promise<void> {
  const { state, settings, logger } = parts.context
  for (const name of names) {
    const record = await state.get(name)
    if (!record || !isOwnName(name, settings.prefix) || parts.ender.isBusy(name)) continue
    try {
      await expire(record, parts)
    } catch (error) {
      logger.error({ err: error, name }, 'an expired record could not be removed')
    }
  }
}

async function endRecycled({ name }: SandboxRecord, { ender }: Parts): Promise<void> {
  await ender.release(name, 'recycled for too long')
}

/** A record whose container may still exist stays: without it the container would look like one to adopt. */
async function forgetEnded(record: SandboxRecord, { context, ender }: Parts): Promise<void> {
  const { ledger, workspaces, logger } = context
  const { name } = record
  if (record.state === 'replaced' && (await stillLeads(record, context))) return
  const finished = record.releasedAt !== null || record.state === 'replaced' || isWorkspaceLeft(record)
  if (!finished) {
    ender.addUnfinished(name)
    return
  }
  // Of a lost sandbox; that of a released one is long gone, or could not be kept and is the operator's now.
  if (isWorkspaceLeft(record)) {
    logger.error({ name, directory: record.mountDir }, 'a workspace that was not kept is forgotten')
  } else if (record.state === 'error') await workspaces.discard(record)
  await ledger.forget(record, 'expired')
}

/** Whether somebody may still use a sandbox by this earlier name. Then the record lives on, pointing straight to it. */
async function stillLeads(record: SandboxRecord, { state, ledger }: ManagerContext): Promise<boolean> {
  const target = await finalRecord(state, record).catch((error: unknown) => {
    if (SandboxError.is(error, 'redirect_loop')) return undefined
    throw error
  })
  if (!target || !(isActive(target.state) || target.state === 'recycled')) return false
  await ledger.change(record, { redirectTo: target.name, reason: record.stateReason })
  return true
}
