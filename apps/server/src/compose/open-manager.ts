import { systemClock, type Logger, type StateStore } from '@runtime-sandbox/core'
import { SandboxManager, type SandboxEvent } from '@runtime-sandbox/manager'
import { currentRequestId } from '../request-context.ts'
import { StartupError } from '../startup-error.ts'
import { chooseEngine, type EngineChoice } from './choose-engine.ts'
import type { Closers } from './closers.ts'
import type { Configuration } from './load-configuration.ts'
import { managerSettingsOf } from './manager-settings.ts'
import { runtimeEntry } from './runtime-entry.ts'

export type OpenManagerOptions = {
  logger: Logger
  stateKey: string
  /** Gets the end of every part as soon as it is made. */
  closers: Closers
  /** Told of every change of a sandbox's state. */
  onEvent?: ((event: SandboxEvent) => void) | undefined
  /** With several engines: take one that works with images only if it has this one, or can get it. */
  requireImage?: string | undefined
}

/** Makes the state store, the storage, the engine and, over them, the manager. @throws StartupError, SandboxError */
export async function openManager(configuration: Configuration, options: OpenManagerOptions) {
  const { logger, stateKey, closers, onEvent } = options
  const { settings, registry, directory } = configuration
  const parts = { clock: systemClock, logger }
  const state = await configuration.state.definition.create(configuration.state.config, parts)
  closers.add('state', () => state.close())
  const storage = await configuration.storage.definition.create(configuration.storage.config, parts)
  closers.add('storage', () => storage.close())
  const engine = await openEngine(configuration, state, options)
  const managerSettings = managerSettingsOf(settings, { directory, stateKey })
  const manager = await SandboxManager.start({
    ...parts,
    backend: engine.backend,
    state,
    storage,
    registry,
    settings: managerSettings,
    onEvent,
    requestId: currentRequestId,
  })
  closers.add('manager', () => manager.close())
  return { manager, engine }
}

async function openEngine(
  { settings, engines }: Configuration,
  state: StateStore,
  { logger, closers, requireImage }: OpenManagerOptions,
): Promise<EngineChoice> {
  const deployment = settings.CONTAINER_PREFIX_KEY
  const context = { clock: systemClock, logger, ports: state, deployment, runtimeEntry: runtimeEntry() }
  const engine = await chooseEngine({ engines, context, requireImage })
  closers.add('engine', () => engine.backend.close())
  if (engines.length > 1) logger.warn({ engine: engine.name }, `CONTAINER_DEPLOYMENT=auto: ${engine.reason}`)
  if (!settings.AUTO_CLEANUP && !engine.backend.survivesServer) {
    throw StartupError.configuration(
      `AUTO_CLEANUP: sandboxes of the engine ${engine.name} end with the server, so False cannot be kept`,
    )
  }
  return engine
}
