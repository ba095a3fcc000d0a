import { randomUUID } from 'node:crypto'
import { SandboxError, type Mount } from '@runtime-sandbox/core'
import { SandboxCreator } from './create/sandbox-creator.ts'
import { SandboxMaker } from './create/sandbox-maker.ts'
import { SandboxEnder } from './end/sandbox-ender.ts'
import type { ManagerContext } from './manager-context.ts'
import type { ManagerOptions } from './manager-options.ts'
import { WarmPools } from './pool/warm-pools.ts'
import { ContainerWatch } from './reconcile/container-watch.ts'
import { Maintenance } from './reconcile/maintenance.ts'
import { Reconciler } from './reconcile/reconciler.ts'
import { SandboxFinder } from './records/find-sandbox.ts'
import { PowerSwitch } from './records/power-switch.ts'
import { RecordLedger } from './records/record-ledger.ts'
import { SandboxRelay } from './relay/sandbox-relay.ts'
import { RuntimeClient } from './runtime/runtime-client.ts'
import { ActiveSandboxes } from './sessions/active-sandboxes.ts'
import { IdleReaper } from './sessions/idle-reaper.ts'
import { SandboxRestorer } from './sessions/sandbox-restorer.ts'
import { SandboxTools } from './tools/sandbox-tools.ts'
import { WorkGate } from './work-gate.ts'
import { guardMount } from './workspace/mount-guard.ts'
import { WorkspaceOwners } from './workspace/workspace-owners.ts'
import { Workspaces } from './workspace/workspaces.ts'

/** The pieces of one manager. */
export type ManagerPieces = {
  context: ManagerContext
  finder: SandboxFinder
  creator: SandboxCreator
  ender: SandboxEnder
  tools: SandboxTools
  relay: SandboxRelay
  power: PowerSwitch
  pools: WarmPools
  reconciler: Reconciler
  maintenance: Maintenance
}

/**
 * Checks the settings and puts a manager together; starts nothing.
 *
 * @throws SandboxError `unknown_sandbox_type`, `mount_refused`, `invalid_argument`
 */
export async function assembleManager(options: ManagerOptions): Promise<ManagerPieces> {
  const context = contextOf(options, await readonlyMounts(options))
  const finder = new SandboxFinder({ state: context.state, prefix: context.settings.prefix })
  const ender = new SandboxEnder(context)
  const watch = new ContainerWatch(context)
  const maker = new SandboxMaker(context, { watch, ender })
  const pools = new WarmPools(context, { maker, ender })
  const creator = new SandboxCreator(context, { maker, pools, ender })
  const restorer = new SandboxRestorer(context, { creator, ender })
  const active = new ActiveSandboxes(context, { finder, restorer })
  const reaper = new IdleReaper(context, {
    ender,
    isInUse: (session) => active.isInUse(session),
    onFreed: () => pools.capacityFreed(),
  })
  const reconciler = new Reconciler(context, { maker, ender, restorer })
  return {
    context,
    finder,
    ender,
    pools,
    reconciler,
    creator,
    tools: new SandboxTools(context, { finder, active }),
    relay: new SandboxRelay(context, active),
    power: new PowerSwitch(context, finder),
    maintenance: new Maintenance(context, { ender, pools, reconciler, watch, reaper }),
  }
}

function contextOf(options: ManagerOptions, mounts: readonly Mount[]): ManagerContext {
  const { settings, state, clock, backend, storage, registry } = options
  if (settings.defaultSandboxTypes.length === 0) {
    throw new SandboxError('invalid_argument', 'DEFAULT_SANDBOX_TYPE names no sandbox type')
  }
  for (const type of settings.defaultSandboxTypes) registry.get(type)
  const logger = options.logger.child({ part: 'manager' })
  const instanceId = randomUUID()
  const root = backend.mountsHostDirectories ? settings.workspaceRoot : null
  const { storageFolder, prefix, stateKey } = settings
  const owners = state.ephemeral && root !== null ? new WorkspaceOwners({ root, prefix, stateKey }) : undefined
  return {
    ...options,
    logger,
    instanceId,
    random: options.random ?? Math.random,
    ledger: new RecordLedger({ ...options, logger }),
    runtime: new RuntimeClient(clock, options),
    workspaces: new Workspaces({ root, storage, storageFolder, logger, owners }),
    gate: new WorkGate(),
    leases: { state, clock, logger, holder: instanceId },
    readonlyMounts: mounts,
  }
}

async function readonlyMounts({ settings, backend }: ManagerOptions): Promise<Mount[]> {
  const entries = Object.entries(settings.readonlyMounts)
  // An engine elsewhere knows its own paths; it mounts or refuses them.
  if (!backend.mountsHostDirectories) return entries.map(([source, target]) => ({ source, target, readOnly: true }))
  const guarded = entries.map(async ([source, target]) => ({
    source: await guardMount(source, { readOnly: true, workspaceRoot: settings.workspaceRoot }),
    target,
    readOnly: true,
  }))
  return Promise.all(guarded)
}
