import type { AnyPluginDefinition, BackendDefinition } from '@runtime-sandbox/core'
import { importOperatorModule } from '../extensions/import-operator-module.ts'
import { StartupError } from '../startup-error.ts'
import { firstPartyEngines, isFirstPartyEngine } from './first-party-plugins.ts'

export type LoadPluginOptions = { directory: string }

/**
 * The engine that `name` means: one of the server's own, or the definition that a package or file of the operator has as its
 * default export.
 *
 * @throws StartupError when it cannot be loaded, or is not an engine
 */
export async function loadBackend(name: string, { directory }: LoadPluginOptions): Promise<BackendDefinition> {
  if (isFirstPartyEngine(name)) return firstPartyEngines[name]()
  const definition = await importDefinition(name, directory)
  if (isBackend(definition)) return definition
  throw StartupError.configuration(
    `CONTAINER_DEPLOYMENT: the default export of ${name} is not an engine; it has to be made with defineBackend`,
  )
}

async function importDefinition(name: string, directory: string): Promise<unknown> {
  try {
    return (await importOperatorModule(name, directory))['default']
  } catch (error) {
    throw StartupError.configuration(
      `CONTAINER_DEPLOYMENT: ${JSON.stringify(name)} is neither an engine of this build nor a package or file that can be ` +
        `loaded from ${directory}: ${(error as Error).message}`,
    )
  }
}

function isBackend(value: unknown): value is BackendDefinition {
  if (typeof value !== 'object' || value === null) return false
  const { kind, name, configSchema, create } = value as Partial<AnyPluginDefinition>
  return (
    kind === 'backend' &&
    typeof name === 'string' &&
    typeof create === 'function' &&
    typeof configSchema?.safeParse === 'function' &&
    typeof configSchema.shape === 'object'
  )
}
