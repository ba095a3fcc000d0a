import { isWorkspaceLeft, type SandboxEnder } from '../end/sandbox-ender.ts'
import type { ManagerContext } from '../manager-context.ts'
import { isOwnName } from '../records/sandbox-identity.ts'

/** Records that one sweep forgets; those left over have their turn in the next. */
const maxPerPass = 200

/**
 * Forgets the records of sandboxes that ended longer ago than the settings say, with the workspace of those that were lost.
 * A record whose container may still exist stays: without it the container would look like one to adopt.
 */
export async function expireRecords(context: ManagerContext, ender: SandboxEnder): Promise<void> {
  const { state, settings, clock, workspaces, ledger, logger } = context
  if (settings.releasedRecordTtlMs === 0) return
  for (const name of await state.listExpired(clock.now() - settings.releasedRecordTtlMs, maxPerPass)) {
    const record = await state.get(name)
    if (!record || !isOwnName(name, settings.prefix) || ender.isBusy(name)) continue
    const finished = record.releasedAt !== null || record.state === 'replaced' || isWorkspaceLeft(record)
    if (!finished) {
      ender.addUnfinished(name)
      continue
    }
    try {
      // Of a lost sandbox; that of a released one is long gone, or could not be kept and is the operator's now.
      if (isWorkspaceLeft(record))
        logger.error({ name, directory: record.mountDir }, 'a workspace that was not kept is forgotten')
      else if (record.state === 'error') await workspaces.discard(record)
      await ledger.forget(record, 'expired')
    } catch (error) {
      logger.error({ err: error, name }, 'an expired record could not be removed')
    }
  }
}
