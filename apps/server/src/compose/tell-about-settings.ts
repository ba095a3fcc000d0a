import type { Logger } from '@runtime-sandbox/core'
import type { Configuration } from './load-configuration.ts'

/** Logs what an operator should know of the settings, though they are valid. */
export function tellAboutSettings({ file, ineffective, settings }: Configuration, logger: Logger): void {
  if (file?.endsWith('.env.example')) logger.warn({ file }, 'settings are read from an example file')
  else if (file) logger.info({ file }, 'settings are read from a file')
  if (ineffective.length > 0) {
    logger.warn({ settings: ineffective }, `these settings have no effect in this build: ${ineffective.join(', ')}`)
  }
  if (!settings.AUTO_CLEANUP && settings.PORT === 0) {
    logger.warn({}, 'with PORT=0 no later server knows the sandboxes that AUTO_CLEANUP=False keeps: fix the port')
  }
  if (settings.DEFAULT_MOUNT_DIR.trim() === '') {
    logger.warn(
      {},
      'DEFAULT_MOUNT_DIR is empty: a sandbox that is restored after HEARTBEAT_TIMEOUT starts with an empty workspace',
    )
  }
  const parked = settings.POOL_SIZE * settings.DEFAULT_SANDBOX_TYPE.length
  if (settings.MAX_SANDBOX_INSTANCES > 0 && parked >= settings.MAX_SANDBOX_INSTANCES) {
    logger.warn({ parked }, 'parked sandboxes count against MAX_SANDBOX_INSTANCES and may use it up: lower POOL_SIZE')
  }
}
