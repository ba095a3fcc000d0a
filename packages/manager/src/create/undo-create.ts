import type { SandboxRecord } from '@runtime-sandbox/core'
import { removeContainer } from '../end/remove-container.ts'
import type { ManagerContext } from '../manager-context.ts'

/** How far a create came. */
export type CreateProgress = {
  /** The record may be in the store. */
  recorded: boolean
  /** The workspace directory was made by this create. */
  ownDirectory: boolean
  /** There may be a container. */
  container: boolean
}

/**
 * Takes back everything that a failed create made, last things first. Never throws: what cannot be taken back now is said in
 * the record and left to the reconciler.
 *
 * @returns whether nothing is left
 */
export async function undoCreate(
  record: SandboxRecord,
  progress: CreateProgress,
  context: ManagerContext,
): Promise<boolean> {
  const { backend, settings, workspaces, ledger, runtime, logger } = context
  const attempt = async (what: string, work: () => Promise<unknown>) => {
    try {
      await work()
      return true
    } catch (error) {
      logger.error({ err: error, name: record.name }, `a failed create left its ${what}; it will be tried again`)
      return false
    }
  }
  runtime.connections.close(record.name)
  const { stateKey } = settings
  const gone = !progress.container || (await attempt('container', () => removeContainer(record, { backend, stateKey })))
  // While a container may still write to it, the directory stays.
  const clean = gone && (!progress.ownDirectory || (await attempt('workspace', () => workspaces.discard(record))))
  if (!progress.recorded) return clean
  if (clean) return attempt('record', () => ledger.forget(record, 'could not be made'))
  await attempt('record', () =>
    ledger.changeLatest(record.name, () => ({
      state: 'released',
      reason: 'could not be made, and not everything of it could be removed',
      sessionContextId: null,
      containerId: record.containerId,
      // Nothing of anybody is in it.
      storagePath: null,
      releasedAt: null,
    })),
  )
  return false
}
