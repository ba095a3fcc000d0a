import type { ManagerPieces } from './assemble-manager.ts'
import { eachOf } from './each-of.ts'
import { isOwnName } from './records/sandbox-identity.ts'

const concurrency = 8

/** Ends every sandbox of the deployment that has not ended. Failures are logged, and taken up by the reconciler. */
export async function releaseAll({ context, ender }: ManagerPieces, reason: string): Promise<void> {
  const { state, settings, logger } = context
  // Read first: a store need not bear changes while it lists.
  const names: string[] = []
  for await (const { name } of state.list({ states: ['creating', 'warm', 'running', 'recycled'] })) {
    if (isOwnName(name, settings.prefix)) names.push(name)
  }
  await eachOf(names, concurrency, async (name) => {
    try {
      await ender.release(name, reason)
    } catch (error) {
      logger.error({ err: error, name }, 'a sandbox could not be removed')
    }
  })
}

/**
 * Refuses new work, aborts what is being made and waits until it is taken back, then destroys all sandboxes (AUTO_CLEANUP)
 * or only the parked ones, which are nobody's. Does not throw: what cannot be removed is logged.
 */
export async function closeManager(pieces: ManagerPieces): Promise<void> {
  const { context, maintenance, pools, ender } = pieces
  const { gate, settings, logger, runtime } = context
  gate.close()
  maintenance.stop()
  await gate.idle()
  try {
    if (settings.autoCleanup) await releaseAll(pieces, 'the server stopped')
    else await pools.empty('the server stopped')
  } catch (error) {
    logger.error({ err: error }, 'not all sandboxes could be removed; the next server does')
  }
  await ender.idle()
  runtime.connections.closeAll()
}
