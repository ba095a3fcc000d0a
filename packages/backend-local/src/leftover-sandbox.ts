import type { Clock, ContainerInfo } from '@runtime-sandbox/core'
import { removeCgroups } from './cgroups/sandbox-cgroups.ts'
import { isAlive } from './host/process-identity.ts'
import { SandboxDirectory, type KeptRecord } from './state/sandbox-directory.ts'
import { freeUserId, type StateDirectory } from './state/state-directory.ts'

/** A sandbox whose server is gone: its processes ended with that server, its directory and cgroups are still here. */
export type LeftoverSandbox = { record: KeptRecord; directory: SandboxDirectory }

const keptMs = 86_400_000

/** All sandboxes of servers that no longer run. */
export async function findLeftovers(state: StateDirectory): Promise<LeftoverSandbox[]> {
  const found = await Promise.all(
    (await state.sandboxIds()).map(async (id) => {
      const directory = new SandboxDirectory(state.sandboxes, id)
      const record = await directory.recall()
      return record && record.id === id && !isAlive(record.server) ? { record, directory } : undefined
    }),
  )
  return found.filter((leftover) => leftover !== undefined)
}

/** Removes those that nobody has asked for in a day: the store that knew of them is gone, too. */
export async function sweepLeftovers(state: StateDirectory, clock: Clock): Promise<void> {
  const expired = (await findLeftovers(state)).filter(({ record }) => clock.now() - record.createdAt > keptMs)
  for (const leftover of expired) await removeLeftover(leftover, state, clock)
}

/** Idempotent. */
export async function removeLeftover(
  { record, directory }: LeftoverSandbox,
  state: StateDirectory,
  clock: Clock,
): Promise<void> {
  if (record.init && isAlive(record.init)) {
    try {
      process.kill(record.init.pid, 'SIGKILL')
    } catch {
      // It ended by itself.
    }
  }
  await removeCgroups(record.cgroups, clock)
  await directory.remove()
  if (record.uid !== null) await freeUserId(state.userIds, record.uid)
}

export function leftoverInfo({ record, directory }: LeftoverSandbox): ContainerInfo {
  const { uid: _uid, cgroups: _cgroups, server: _server, init: _init, ...kept } = record
  return {
    ...kept,
    url: `unix:${directory.socket}`,
    ports: [],
    environment: {},
    status: 'exited',
  }
}
