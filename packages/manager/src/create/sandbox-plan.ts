import {
  defaultLimits,
  SandboxError,
  securityProfile,
  type CreateOptions,
  type ResourceLimits,
  type SandboxRecord,
  type SandboxTypeDefinition,
  type SecurityProfile,
} from '@runtime-sandbox/core'
import type { ManagerOptions } from '../manager-options.ts'
import { sandboxEnvironment } from './sandbox-environment.ts'
import { sessionMeta } from './session-meta.ts'

/** What will be made, decided and checked before anything is. */
export type SandboxPlan = {
  sandboxType: string
  image: string
  limits: ResourceLimits
  security: SecurityProfile
  timeoutSeconds: number
  /** Without what the server adds for each sandbox. */
  environment: Record<string, string>
  /** The part of `environment` that the caller asked for. */
  ownEnvironment: Record<string, string>
  runtimeConfig: Record<string, unknown>
  meta: Record<string, unknown>
  sessionContextId: string | null
  /** Host directory that the caller names. */
  mountDir: string | null
  /** Where the caller wants the workspace kept; null = as the settings say. */
  storagePath: string | null
  /** Pool to park in; null = for a caller. */
  poolKey: string | null
  /** Recycled sandbox whose workspace the new one takes over. */
  predecessor: SandboxRecord | null
}

export type PlanContext = Pick<ManagerOptions, 'registry' | 'settings' | 'backend' | 'storage'>

const maxPathLength = 4096

/**
 * Plans a sandbox for a request.
 *
 * @throws SandboxError `unknown_sandbox_type`, `invalid_argument`, `mount_refused`, `not_supported`
 */
export function planSandbox(context: PlanContext, request: Omit<CreateOptions, 'signal'>): SandboxPlan {
  const definition = context.registry.get(request.sandboxType ?? context.settings.defaultSandboxTypes[0]!)
  return {
    ...planOfType(context, definition),
    ...sessionMeta(request.meta),
    environment: sandboxEnvironment({ type: definition.environment, request: request.environment }),
    ownEnvironment: { ...request.environment },
    mountDir: checkedMountDir(context, request.mountDir),
    storagePath: checkedStoragePath(context, request),
  }
}

/** Plans a sandbox of a type for nobody in particular. */
export function planOfType({ settings }: Pick<PlanContext, 'settings'>, type: SandboxTypeDefinition): SandboxPlan {
  return {
    sandboxType: type.name,
    image: type.image,
    limits: type.securityLevel === 'low' ? type.limits : { ...defaultLimits, ...type.limits },
    security: securityProfile(type.securityLevel, { network: type.network }),
    timeoutSeconds: type.timeoutSeconds ?? settings.defaultTimeoutSeconds,
    environment: sandboxEnvironment({ type: type.environment }),
    ownEnvironment: {},
    runtimeConfig: { ...type.runtimeConfig },
    meta: {},
    sessionContextId: null,
    mountDir: null,
    storagePath: null,
    poolKey: null,
    predecessor: null,
  }
}

/**
 * Plans the sandbox that replaces a recycled one: of its type as it is now, with its workspace, variables and session.
 *
 * @throws SandboxError `unknown_sandbox_type`
 */
export function planOfPredecessor(context: PlanContext, predecessor: SandboxRecord): SandboxPlan {
  const { sandboxType, meta, sessionContextId, environment } = predecessor
  const definition = context.registry.get(sandboxType)
  return {
    ...planOfType(context, definition),
    meta,
    sessionContextId,
    environment: sandboxEnvironment({ type: definition.environment, request: environment }),
    ownEnvironment: environment,
    predecessor,
  }
}

function checkedMountDir({ settings, backend }: PlanContext, mountDir: string | undefined): string | null {
  if (mountDir === undefined) return null
  if (!settings.allowMountDir) {
    throw new SandboxError('mount_refused', 'mount_dir: this server does not let callers choose a host directory')
  }
  if (!backend.mountsHostDirectories) {
    throw new SandboxError('mount_refused', `mount_dir: engine ${backend.name} does not mount host directories`)
  }
  return mountDir
}

function checkedStoragePath(context: PlanContext, { storagePath, mountDir }: Omit<CreateOptions, 'signal'>) {
  if (storagePath === undefined) return null
  const broken = storagePath === '' || storagePath.length > maxPathLength || storagePath.includes('\0')
  if (broken || storagePath.split(/[/\\]/).includes('..')) {
    throw new SandboxError('invalid_argument', 'storage_path: not a path of the storage')
  }
  const { storage, backend, settings } = context
  if (!storage) throw new SandboxError('not_supported', 'storage_path: this server keeps no workspaces')
  const hasDirectory = backend.mountsHostDirectories && (mountDir !== undefined || settings.workspaceRoot !== null)
  if (!hasDirectory) throw new SandboxError('not_supported', 'storage_path: workspaces live in the sandbox only')
  return storagePath
}
