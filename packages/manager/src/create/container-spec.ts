import type { ContainerSpec, Mount, SandboxRecord } from '@runtime-sandbox/core'
import type { ManagerSettings } from '../manager-options.ts'
import { labelsOf } from '../records/container-labels.ts'
import { newSessionId, newToken } from '../records/sandbox-identity.ts'
import type { SandboxPlan } from './sandbox-plan.ts'

/** Where the workspace is inside a sandbox. */
const workspaceTarget = '/workspace'
/** Where the runtime listens inside a sandbox. */
const runtimePort = 80

/** The record of a sandbox that is about to be made. */
export function newRecord(plan: SandboxPlan, settings: ManagerSettings, now: number): SandboxRecord {
  const sessionId = newSessionId()
  return {
    name: settings.prefix + sessionId,
    sessionId,
    containerId: '',
    url: '',
    ports: [],
    mountDir: null,
    storagePath: plan.storagePath,
    // That of a replaced sandbox stays good: addresses that hold it were handed out.
    runtimeToken: keptToken(plan) ?? newToken(),
    image: plan.image,
    imageId: null,
    meta: plan.meta,
    timeoutSeconds: plan.timeoutSeconds,
    environment: plan.ownEnvironment,
    sandboxType: plan.sandboxType,
    state: 'creating',
    stateReason: plan.poolKey === null ? 'asked for' : 'for the pool',
    sessionContextId: plan.sessionContextId,
    poolKey: plan.poolKey,
    createdAt: now,
    updatedAt: now,
    lastActiveAt: null,
    recycledAt: null,
    releasedAt: null,
    recycleReason: null,
    redirectTo: null,
    revision: 1,
  }
}

/** None, when the server was restarted meanwhile: it is not written to a disk. */
function keptToken({ predecessor }: SandboxPlan): string | undefined {
  return predecessor && predecessor.runtimeToken !== '' ? predecessor.runtimeToken : undefined
}

/** What the engine is asked to make. `readonlyMounts` are checked ones. */
export function containerSpec(
  record: SandboxRecord,
  plan: SandboxPlan,
  { settings, readonlyMounts }: { settings: ManagerSettings; readonlyMounts: readonly Mount[] },
): ContainerSpec {
  const workspace = record.mountDir && { source: record.mountDir, target: workspaceTarget, readOnly: false }
  return {
    name: record.name,
    sandboxType: plan.sandboxType,
    image: plan.image,
    labels: labelsOf(record, settings),
    environment: {
      ...plan.environment,
      SECRET_TOKEN: record.runtimeToken,
      NGINX_TIMEOUT: String(plan.timeoutSeconds),
    },
    mounts: workspace ? [workspace, ...readonlyMounts] : readonlyMounts,
    limits: plan.limits,
    security: plan.security,
    port: runtimePort,
    runtimeConfig: plan.runtimeConfig,
  }
}
