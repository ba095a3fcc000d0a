import path from 'node:path'
import {
  SandboxRegistry,
  buildImageUri,
  imageNamingFrom,
  silentLogger,
  systemClock,
  type BackendDefinition,
  type ContainerBackend,
  type StateStore,
} from '@runtime-sandbox/core'
import type { ManagerOptions, ManagerSettings } from '@runtime-sandbox/manager'
import { createMemoryState } from '@runtime-sandbox/state-memory'
import { fileURLToPath } from 'node:url'

export type CrashSettings = {
  engine: 'docker' | 'local'
  /** Settings of the engine and of images, by name. */
  environment: Record<string, string>
  prefix: string
  directory: string
  poolSize: number
  heartbeatTimeoutMs: number
}

/** The real parts of a server, without HTTP in front. */
export async function openParts(
  settings: CrashSettings,
): Promise<ManagerOptions & { backend: ContainerBackend; state: StateStore }> {
  const state = createMemoryState({ clock: systemClock })
  const definition = await definitionOf(settings.engine)
  const known = Object.keys(definition.configSchema.shape)
  const config = definition.configSchema.parse(
    Object.fromEntries(Object.entries(settings.environment).filter(([name]) => known.includes(name))),
  )
  const common = { clock: systemClock, logger: silentLogger }
  const runtimeEntry = fileURLToPath(import.meta.resolve('@runtime-sandbox/runtime/bundle'))
  const backend = await definition.create(config, {
    ...common,
    ports: state,
    deployment: settings.prefix,
    runtimeEntry,
  })
  const registry = new SandboxRegistry()
  const image = buildImageUri('runtime-sandbox-base', imageNamingFrom(settings.environment))
  registry.register(image, { sandboxType: 'base' })
  return { ...common, state, backend, registry, settings: managerSettings(settings, backend) }
}

async function definitionOf(engine: CrashSettings['engine']): Promise<BackendDefinition> {
  if (engine === 'docker') return (await import('@runtime-sandbox/backend-docker')).dockerBackend
  return (await import('@runtime-sandbox/backend-local')).localBackend
}

function managerSettings(
  { prefix, directory, poolSize, heartbeatTimeoutMs }: CrashSettings,
  { survivesServer }: ContainerBackend,
): ManagerSettings {
  return {
    prefix,
    stateKey: `crash-${prefix}`,
    defaultSandboxTypes: ['base'],
    poolSize,
    autoCleanup: !survivesServer,
    workspaceRoot: path.join(directory, 'workspaces'),
    readonlyMounts: {},
    allowMountDir: false,
    storageFolder: null,
    maxInstances: 0,
    defaultTimeoutSeconds: 60,
    startTimeoutMs: 60_000,
    scanIntervalMs: 100,
    heartbeatTimeoutMs,
    heartbeatLockTtlMs: 5000,
    recycledRecordTtlMs: 0,
    releasedRecordTtlMs: 0,
  }
}
