import {
  SandboxError,
  silentLogger,
  systemClock,
  type Logger,
  type ManagerApi,
  type StateStore,
  type WorkspaceStorage,
} from '@runtime-sandbox/core'
import { SandboxManager } from '@runtime-sandbox/manager'
import { exitCodes } from '../exit-codes.ts'
import { createHttpApp } from '../http/http-app.ts'
import { listen, type Listener } from '../http/listen.ts'
import type { Settings } from '../settings/settings-schema.ts'
import { StartupError } from '../startup-error.ts'
import { version } from '../version.ts'
import { accessPolicyOf } from './access-policy.ts'
import { chooseEngine, type EngineChoice } from './choose-engine.ts'
import { Closers } from './closers.ts'
import { loadConfiguration, type Configuration, type ConfigurationOptions } from './load-configuration.ts'
import { managerSettingsOf, workspaceRootOf } from './manager-settings.ts'
import { runtimeEntry } from './runtime-entry.ts'
import { memoryStateKey } from './state-key.ts'

export type StartServerOptions = Omit<ConfigurationOptions, 'directory'> & {
  /** Default: the process's. */
  directory?: string | undefined
  /** Makes the logger, once the settings are known; default: no log. */
  logger?: ((settings: Settings) => Logger) | undefined
  /** Told once when the server had to make a token of its own, which is never logged. */
  onGeneratedToken?: ((token: string) => void) | undefined
  /** With CONTAINER_DEPLOYMENT=auto: take an engine that works with images only if it has this one, or can get it. */
  requireImage?: string | undefined
}

/** A server that answers. */
export type RunningServer = {
  /** How this machine reaches it, e.g. `http://127.0.0.1:8000`. */
  url: string
  port: number
  /** What callers have to send; undefined = nothing. */
  token: string | undefined
  /** The engine in use, and why. */
  engine: { name: string; reason: string }
  /** The manager behind the routes. */
  manager: ManagerApi
  /**
   * Stops accepting, lets what is under way finish for at most `graceMs` (default 10 s), then ends the sandboxes as
   * AUTO_CLEANUP says. Idempotent. Resolves with whether everything closed without an error; errors are in the log.
   */
  close(options?: { graceMs?: number }): Promise<boolean>
}

/**
 * Composes a server from settings and starts it. When it throws, nothing is left running.
 *
 * @throws StartupError with every reason, and the exit code that fits
 */
export async function startServer(options: StartServerOptions): Promise<RunningServer> {
  const { directory = process.cwd() } = options
  const configuration = await loadConfiguration({ ...options, directory })
  const logger = options.logger?.(configuration.settings) ?? silentLogger
  tellAboutSettings(configuration, logger)
  const composition = new Composition(configuration, logger)
  try {
    return await composition.start(options)
  } catch (error) {
    await composition.close({ graceMs: 0 })
    throw asStartupError(error)
  }
}

/** A refused setting, or an engine that failed; anything else is a defect and stays what it is. */
function asStartupError(error: unknown): unknown {
  if (error instanceof StartupError || !SandboxError.is(error) || error.code === 'internal') return error
  const exitCode = error.status < 500 ? exitCodes.configuration : exitCodes.unavailable
  return new StartupError(exitCode, [error.message], { cause: error })
}

function tellAboutSettings({ file, ineffective, settings }: Configuration, logger: Logger): void {
  if (file?.endsWith('.env.example')) logger.warn({ file }, 'settings are read from an example file')
  else if (file) logger.info({ file }, 'settings are read from a file')
  if (ineffective.length > 0) {
    logger.warn({ settings: ineffective }, `these settings have no effect in this build: ${ineffective.join(', ')}`)
  }
  if (!settings.AUTO_CLEANUP && settings.PORT === 0) {
    logger.warn({}, 'with PORT=0 no later server knows the sandboxes that AUTO_CLEANUP=False keeps: fix the port')
  }
  const parked = settings.POOL_SIZE * settings.DEFAULT_SANDBOX_TYPE.length
  if (settings.MAX_SANDBOX_INSTANCES > 0 && parked >= settings.MAX_SANDBOX_INSTANCES) {
    logger.warn({ parked }, 'parked sandboxes count against MAX_SANDBOX_INSTANCES and may use it up: lower POOL_SIZE')
  }
}

/** The parts of one server, in the order in which they are made and ended. */
class Composition {
  readonly #configuration: Configuration
  readonly #logger: Logger
  readonly #closers = new Closers()
  #manager: SandboxManager | undefined
  #listener: Listener | undefined
  #closing: Promise<boolean> | undefined

  constructor(configuration: Configuration, logger: Logger) {
    this.#configuration = configuration
    this.#logger = logger
  }

  async start({ onGeneratedToken, requireImage }: StartServerOptions): Promise<RunningServer> {
    const { settings } = this.#configuration
    const policy = await accessPolicyOf(settings)
    const app = createHttpApp(() => this.#readyManager(), {
      access: policy,
      sandboxTypes: settings.DEFAULT_SANDBOX_TYPE,
      version,
      logger: this.#logger,
    })
    // Before anything else: who holds the port is the one server with this state key.
    this.#listener = await listen(app, { host: settings.HOST, port: settings.PORT })
    if (policy.generated) onGeneratedToken?.(policy.token!)
    const { manager, engine } = await this.#startManager(requireImage)
    this.#manager = manager
    const { url, port } = this.#listener
    this.#logger.info({ url, engine: engine.name, authentication: policy.token !== undefined }, 'server is ready')
    const { name, reason } = engine
    return { url, port, token: policy.token, engine: { name, reason }, manager, close: (how) => this.close(how) }
  }

  close({ graceMs = 10_000 }: { graceMs?: number } = {}): Promise<boolean> {
    return (this.#closing ??= this.#close(graceMs))
  }

  async #close(graceMs: number): Promise<boolean> {
    await this.#listener?.close({ graceMs })
    return this.#closers.run(this.#logger)
  }

  #readyManager(): ManagerApi {
    if (this.#closing) throw new SandboxError('shutting_down', 'The server is stopping')
    if (!this.#manager) throw new SandboxError('starting', 'The server is starting')
    return this.#manager
  }

  async #startManager(requireImage: string | undefined): Promise<{ manager: SandboxManager; engine: EngineChoice }> {
    const { settings, registry, directory } = this.#configuration
    const parts = { clock: systemClock, logger: this.#logger }
    const { state: stateConfig, storage: storageConfig } = this.#configuration
    const state = (await stateConfig.definition.create(stateConfig.config, parts as never)) as StateStore
    this.#closers.add('state', () => state.close())
    const storage = (await storageConfig.definition.create(storageConfig.config, parts as never)) as WorkspaceStorage
    this.#closers.add('storage', () => storage.close())
    const engine = await this.#openEngine(state, requireImage)
    const stateKey = memoryStateKey({
      workspaceRoot: workspaceRootOf(settings, directory),
      host: settings.HOST,
      port: settings.PORT,
    })
    const manager = await SandboxManager.start({
      ...parts,
      backend: engine.backend,
      state,
      storage,
      registry,
      settings: managerSettingsOf(settings, { directory, stateKey }),
    })
    this.#closers.add('manager', () => manager.close())
    return { manager, engine }
  }

  async #openEngine(state: StateStore, requireImage: string | undefined): Promise<EngineChoice> {
    const { settings, engines } = this.#configuration
    const context = {
      clock: systemClock,
      logger: this.#logger,
      ports: state,
      deployment: settings.CONTAINER_PREFIX_KEY,
      runtimeEntry: runtimeEntry(),
    }
    const engine = await chooseEngine({ engines, context, requireImage })
    this.#closers.add('engine', () => engine.backend.close())
    if (engines.length > 1) this.#logger.warn({ engine: engine.name }, `CONTAINER_DEPLOYMENT=auto: ${engine.reason}`)
    if (!settings.AUTO_CLEANUP && !engine.backend.survivesServer) {
      throw StartupError.configuration(
        `AUTO_CLEANUP: sandboxes of the engine ${engine.name} end with the server, so False cannot be kept`,
      )
    }
    return engine
  }
}
