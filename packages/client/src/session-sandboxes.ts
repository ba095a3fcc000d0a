import {
  SandboxError,
  baseTypeName,
  type CallOptions,
  type ManagerApi,
  type SandboxRecord,
} from '@runtime-sandbox/core'

/** A session on the server: `session_ctx_id`. */
export type Session = { manager: ManagerApi; id: string }

/**
 * Brings a session to sandboxes of these types: those that it has, the oldest of a type first, and new ones for what is missing.
 * When it fails, none that it made is left.
 *
 * @returns one name for each type, in the same order; the same type twice is two sandboxes
 */
export async function bindSandboxes(
  session: Session,
  types: readonly string[],
  options: CallOptions,
): Promise<string[]> {
  const there = await usableRecords(session, options)
  const reused = types.map((type) => {
    const index = there.findIndex((record) => baseTypeName(record.sandboxType) === baseTypeName(type))
    return index === -1 ? undefined : there.splice(index, 1)[0]!.name
  })
  const made: string[] = []
  const results = await Promise.allSettled(
    types.map(async (sandboxType, index) => {
      const existing = reused[index]
      if (existing !== undefined) return existing
      const name = await session.manager.createFromPool({
        sandboxType,
        meta: { session_ctx_id: session.id },
        ...options,
      })
      made.push(name)
      return name
    }),
  )
  const failed = results.find((result) => result.status === 'rejected')
  if (!failed) return results.map((result) => (result as PromiseFulfilledResult<string>).value)
  await Promise.allSettled(made.map((name) => session.manager.release(name)))
  throw failed.reason
}

/** Destroys all sandboxes of a session. @throws the first failure, once all have been tried */
export async function releaseSandboxes({ manager, id }: Session, options: CallOptions): Promise<void> {
  const names = await manager.getSessionMapping(id, options)
  const results = await Promise.allSettled(names.map((name) => manager.release(name, options)))
  const failed = results.find((result) => result.status === 'rejected')
  if (failed) throw failed.reason
}

/** The sandboxes of a session that can be used, or are restored when they are, oldest first. */
async function usableRecords({ manager, id }: Session, options: CallOptions): Promise<SandboxRecord[]> {
  const names = await manager.getSessionMapping(id, options)
  const records = await Promise.all(names.map((name) => recordOf(manager, name, options)))
  // An old name and a new one may lead to the same sandbox.
  const byName = new Map(records.flatMap((record) => (record && isUsable(record) ? [[record.name, record]] : [])))
  return [...byName.values()].toSorted((a, b) => a.createdAt - b.createdAt || (a.name < b.name ? -1 : 1))
}

function isUsable({ state }: SandboxRecord): boolean {
  return state === 'running' || state === 'recycled'
}

async function recordOf(manager: ManagerApi, name: string, options: CallOptions): Promise<SandboxRecord | undefined> {
  try {
    return await manager.getInfo(name, options)
  } catch (error) {
    // Released since the session was asked for.
    if (SandboxError.is(error, 'sandbox_not_found')) return undefined
    throw error
  }
}
