import { randomUUID } from 'node:crypto'
import { silentLogger, type Logger, type ManagerApi } from '@runtime-sandbox/core'
import type { Environment } from '../settings/setting-sources.ts'
import type { Settings } from '../settings/settings-schema.ts'
import { StartupError } from '../startup-error.ts'
import { asStartupError } from './as-startup-error.ts'
import { Closers } from './closers.ts'
import { loadConfiguration, type Configuration } from './load-configuration.ts'
import { openManager } from './open-manager.ts'
import { tellAboutSettings } from './tell-about-settings.ts'

export type StartEmbeddedOptions = {
  /** Settings by name; default: none. Hand in `process.env` to take those of the process. */
  environment?: Environment | undefined
  /** Working directory, whose settings file is read; default: the process's. */
  directory?: string | undefined
  /** As --extension. */
  extensions?: readonly string[] | undefined
  /** Makes the logger, once the settings are known; default: no log. */
  logger?: ((settings: Settings) => Logger) | undefined
  /** With CONTAINER_DEPLOYMENT=auto: take an engine that works with images only if it has this one, or can get it. */
  requireImage?: string | undefined
}

/** A manager in this process. */
export type Embedded = AsyncDisposable & {
  manager: ManagerApi
  /** The engine in use, and why. */
  engine: { name: string; reason: string }
  /** Ends all its sandboxes. Idempotent. Resolves with whether everything closed without an error. */
  close(): Promise<boolean>
}

/** The caller is the one user: nothing is made ahead, and it may name its own folders. */
const defaults = { POOL_SIZE: '0', ALLOW_MOUNT_DIR: 'True' }

/**
 * A manager without a server: for programs that use sandboxes themselves. Its sandboxes end with it.
 *
 * @example
 * await using embedded = await startEmbedded()
 * await using sandbox = await BaseSandbox.create({ manager: embedded.manager })
 * @throws StartupError with every reason
 */
export async function startEmbedded(options: StartEmbeddedOptions = {}): Promise<Embedded> {
  const { environment = {}, directory = process.cwd(), extensions, requireImage } = options
  const configuration = await loadConfiguration({ environment, directory, extensions, defaults })
  assertEndsItsSandboxes(configuration)
  const logger = options.logger?.(configuration.settings) ?? silentLogger
  tellAboutSettings(configuration, logger)
  const closers = new Closers()
  let closing: Promise<boolean> | undefined
  const close = () => (closing ??= closers.run(logger))
  try {
    const { manager, engine } = await openManager(configuration, {
      logger,
      stateKey: newStateKey(),
      closers,
      requireImage,
    })
    const { name, reason } = engine
    return { manager, engine: { name, reason }, close, [Symbol.asyncDispose]: async () => void (await close()) }
  } catch (error) {
    await close()
    throw asStartupError(error)
  }
}

function newStateKey(): string {
  return randomUUID().replaceAll('-', '').slice(0, 12)
}

function assertEndsItsSandboxes({ settings }: Configuration): void {
  if (settings.AUTO_CLEANUP) return
  throw StartupError.configuration('AUTO_CLEANUP: an embedded manager has no successor that could adopt its sandboxes')
}
