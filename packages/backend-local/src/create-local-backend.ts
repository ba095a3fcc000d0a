import { defineBackend, type BackendContext, type ContainerBackend } from '@runtime-sandbox/core'
import { LocalBackend } from './local-backend.ts'
import { localConfigSchema, type LocalConfig } from './local-config.ts'

/**
 * An engine of this machine's own: Linux namespaces through bubblewrap, nothing to install besides. Looks at the machine when it
 * is first asked for something, or pinged.
 *
 * @param options settings that differ from the defaults
 */
export function createLocalBackend(options: Partial<LocalConfig>, context: BackendContext): ContainerBackend {
  return new LocalBackend({ ...localConfigSchema.parse({}), ...options }, context)
}

/** The engine `local` as a plugin. */
export const localBackend = defineBackend({
  name: 'local',
  configSchema: localConfigSchema,
  create: (config, context) => createLocalBackend(config, context),
})
