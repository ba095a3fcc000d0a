import { SandboxError, silentLogger, systemClock, type Logger, type ManagerApi } from '@runtime-sandbox/core'
import type { SandboxManager } from '@runtime-sandbox/manager'
import { createHttpApp } from '../http/http-app.ts'
import { listen, type Listener } from '../http/listen.ts'
import { upgradeHandler } from '../http/relay/upgrade-handler.ts'
import { createServerMetrics } from '../metrics/server-metrics.ts'
import type { Settings } from '../settings/settings-schema.ts'
import { version } from '../version.ts'
import { accessPolicyOf } from './access-policy.ts'
import { asStartupError } from './as-startup-error.ts'
import { Closers } from './closers.ts'
import { loadConfiguration, type Configuration, type ConfigurationOptions } from './load-configuration.ts'
import { workspaceRootOf } from './manager-settings.ts'
import { openManager } from './open-manager.ts'
import { memoryStateKey } from './state-key.ts'
import { tellAboutSettings } from './tell-about-settings.ts'

export type StartServerOptions = Omit<ConfigurationOptions, 'directory'> & {
  /** Default: the process's. Its `.env` is read too. */
  directory?: string | undefined
  /** Makes the logger, once the settings are known; default: no log. */
  logger?: ((settings: Settings) => Logger) | undefined
  /** Told once when the server had to make a token of its own, which is never logged. */
  onGeneratedToken?: ((token: string) => void) | undefined
  /** With CONTAINER_DEPLOYMENT=auto: take an engine that works with images only if it has this one, or can get it. */
  requireImage?: string | undefined
}

export type CloseServerOptions = {
  /** How long what is under way may take to finish; default 10 s. */
  graceMs?: number
}

/** A server that answers. */
export type RunningServer = AsyncDisposable & {
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
   * Stops accepting, lets what is under way finish, then ends the sandboxes as AUTO_CLEANUP says. Idempotent. Resolves with
   * whether everything closed without an error; errors are in the log.
   */
  close(options?: CloseServerOptions): Promise<boolean>
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
  const server = new Server(configuration, logger)
  try {
    return await server.start(options)
  } catch (error) {
    await server.close({ graceMs: 0 })
    throw asStartupError(error)
  }
}

/** The parts of one server, in the order in which they are made and ended. */
class Server {
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
    const { settings, directory } = this.#configuration
    const { HOST: host, PORT: port } = settings
    const policy = await accessPolicyOf(settings)
    const metrics = createServerMetrics({ clock: systemClock })
    const app = createHttpApp(() => this.#readyManager(), {
      access: policy,
      sandboxTypes: settings.DEFAULT_SANDBOX_TYPE,
      version,
      logger: this.#logger,
      metrics,
      gateway: () => this.#readyManager(),
    })
    // Before anything else: who holds the port is the one server with this state key.
    const manager = () => this.#readyManager()
    const onUpgrade = upgradeHandler({ manager, gateway: manager, policy, logger: this.#logger })
    this.#listener = await listen(app, { host, port, onUpgrade })
    if (policy.generated) onGeneratedToken?.(policy.token!)
    const stateKey = memoryStateKey({ workspaceRoot: workspaceRootOf(settings, directory), host, port })
    const opening = { logger: this.#logger, stateKey, closers: this.#closers, requireImage, onEvent: metrics.onEvent }
    const { manager: opened, engine } = await openManager(this.#configuration, opening)
    this.#manager = opened
    const { url } = this.#listener
    this.#logger.info({ url, engine: engine.name, authentication: policy.token !== undefined }, 'server is ready')
    return {
      url,
      port: this.#listener.port,
      token: policy.token,
      engine: { name: engine.name, reason: engine.reason },
      manager: opened,
      close: (how) => this.close(how),
      [Symbol.asyncDispose]: async () => void (await this.close()),
    }
  }

  close({ graceMs = 10_000 }: CloseServerOptions = {}): Promise<boolean> {
    return (this.#closing ??= this.#close(graceMs))
  }

  async #close(graceMs: number): Promise<boolean> {
    await this.#listener?.close({ graceMs })
    return this.#closers.run(this.#logger)
  }

  #readyManager(): SandboxManager {
    if (this.#closing) throw new SandboxError('shutting_down', 'The server is stopping')
    if (!this.#manager) throw new SandboxError('starting', 'The server is starting')
    return this.#manager
  }
}
