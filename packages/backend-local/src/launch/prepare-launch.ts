import { stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { Mount } from '@runtime-sandbox/core'
import type { LimitPlan } from '../confine/plan-limits.ts'
import { seccompFilter } from '../confine/seccomp-filter.ts'
import type { LocalHost } from '../host/local-host.ts'
import { strayDescriptors } from '../host/stray-descriptors.ts'
import { maskedPaths, systemView } from '../host/system-view.ts'
import type { SandboxDirectory } from '../state/sandbox-directory.ts'
import { bwrapArguments } from './bwrap-arguments.ts'
import { insidePaths } from './inside-paths.ts'
import { isOpenToAll, launchCommand, type Staged } from './launch-command.ts'
import { sandboxEnvironment } from './sandbox-environment.ts'
import { launchDescriptors } from './sandbox-process.ts'

/** What one start of a sandbox needs to know. */
export type LaunchPlan = {
  host: LocalHost
  directory: SandboxDirectory
  etcDirectory: string
  /** Path of runtime.mjs; what else it needs is beside it. */
  runtimeEntry: string
  /** User of the sandbox on the host; undefined: the server's. */
  uid: number | undefined
  cgroups: readonly string[]
  limits: LimitPlan
  /** Checked ones. */
  mounts: readonly Mount[]
  hostNetwork: boolean
  scratchBytes: number
  environment: Readonly<Record<string, string>>
}

export type PreparedLaunch = { command: string[]; bwrapArguments: string[]; seccomp: Buffer | undefined }

/** The command of a start, and what is handed to it. Makes the mount points that it needs. */
export async function prepareLaunch(plan: LaunchPlan): Promise<PreparedLaunch> {
  const { host, directory, uid, limits } = plan
  const staged: Staged[] = []
  const reachable = async (source: string): Promise<string> => {
    if (uid === undefined || isOpenToAll(source)) return source
    const kind = (await stat(source)).isDirectory() ? 'directory' : 'file'
    const stage = await directory.makeStage(staged.length, kind)
    staged.push({ source, stage })
    return stage
  }
  const pythonPrefixes = []
  for (const prefix of host.python.prefixes) pythonPrefixes.push({ source: await reachable(prefix), target: prefix })
  const mounts: Mount[] = []
  for (const mount of plan.mounts) mounts.push({ ...mount, source: await reachable(mount.source) })
  const seccomp = seccompFilter()
  const view = bwrapArguments({
    system: systemView({ network: plan.hostNetwork }),
    etcDirectory: plan.etcDirectory,
    maskedPaths: maskedPaths(),
    pythonPrefixes,
    node: await reachable(host.node),
    runtimeDirectory: await reachable(dirname(plan.runtimeEntry)),
    socketDirectory: directory.shared,
    mounts,
    hostNetwork: plan.hostNetwork,
    scratchBytes: plan.scratchBytes,
    shmBytes: limits.shmBytes,
    environment: sandboxEnvironment(plan.environment, host.python),
    statusDescriptor: launchDescriptors.status,
    seccompDescriptor: seccomp && launchDescriptors.seccomp,
  })
  const command = launchCommand({
    tools: host.tools,
    uid,
    cgroups: plan.cgroups,
    rlimits: limits.rlimits,
    staged,
    strayDescriptors: strayDescriptors(launchDescriptors.seccomp),
    argumentsDescriptor: launchDescriptors.arguments,
    command: [insidePaths.node, insidePaths.runtime],
  })
  return { command, bwrapArguments: view, seccomp }
}
