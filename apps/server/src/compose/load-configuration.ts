import {
  imageNamingFrom,
  sandboxRegistry,
  setImageNaming,
  type AnyPluginDefinition,
  type BackendDefinition,
  type SandboxRegistry,
  type StateDefinition,
  type StorageDefinition,
} from '@runtime-sandbox/core'
import { loadExtensions } from '../extensions/load-extensions.ts'
import { loadLocalStorage, loadMemoryState } from '../plugins/first-party-plugins.ts'
import { loadBackend } from '../plugins/load-plugin.ts'
import { checkSettings, enginesToCome } from '../settings/check-settings.ts'
import { imageSettings } from '../settings/image-settings.ts'
import { ineffectiveSettings } from '../settings/ineffective-settings.ts'
import { parsePluginSettings, parseSettings } from '../settings/parse-settings.ts'
import { collectSettings, readSettingSources, type Environment } from '../settings/setting-sources.ts'
import type { Settings } from '../settings/settings-schema.ts'
import { StartupError } from '../startup-error.ts'

export type ConfigurationOptions = {
  /** Settings by name, as a process has them. Those of the settings file are written to it, so that extensions see them. */
  environment: Environment
  /** Working directory: where settings files, extensions and relative paths are looked for. */
  directory: string
  /** --config. */
  configFile?: string | undefined
  /** Settings of the command line, by name; they win over all others. */
  flags?: Environment | undefined
  /** Settings by name for what nobody else says. */
  defaults?: Environment | undefined
  /** --extension: paths or packages. */
  extensions?: readonly string[] | undefined
}

/** A plugin and its settings, ready to be created. */
export type Configured<Definition extends AnyPluginDefinition> = {
  definition: Definition
  config: Record<string, unknown>
}

/** Everything that was said about how to run, checked. */
export type Configuration = {
  settings: Settings
  /** Engines to try, in order; more than one only with `auto`. */
  engines: readonly Configured<BackendDefinition>[]
  state: Configured<StateDefinition>
  storage: Configured<StorageDefinition>
  registry: SandboxRegistry
  directory: string
  /** The settings file that was read. */
  file: string | undefined
  /** Given settings that have no effect in this build. */
  ineffective: readonly string[]
}

/** Reads, loads and checks in the order that extensions need. @throws StartupError with every problem found */
export async function loadConfiguration(options: ConfigurationOptions): Promise<Configuration> {
  const { directory, extensions = [] } = options
  const sources = readSettingSources(options)
  const layers = [...sources.layers, options.defaults ?? {}]
  setImageNaming(imageNamingFrom(collectSettings(Object.keys(imageSettings), layers)))
  const registry = sandboxRegistry()
  const problems = await loadExtensions(extensions, { directory })
  const { values, given, problems: settingProblems } = parseSettings(layers)
  problems.push(...settingProblems, ...checkSettings(values, { directory, registry }))
  const configure = <Definition extends AnyPluginDefinition>(definition: Definition): Configured<Definition> => {
    const parsed = parsePluginSettings(definition, layers)
    problems.push(...parsed.problems)
    return { definition, config: parsed.config }
  }
  const definitions = await engineDefinitions(values.CONTAINER_DEPLOYMENT, directory, problems)
  const engines = definitions.map(configure)
  const state = configure(await loadMemoryState())
  const storage = configure(await loadLocalStorage())
  if (problems.length > 0) throw StartupError.configuration(...new Set(problems))
  const settings = values as Settings
  return {
    settings,
    engines,
    state,
    storage,
    registry,
    directory,
    file: sources.file,
    ineffective: ineffectiveSettings(given),
  }
}

async function engineDefinitions(
  name: string | undefined,
  directory: string,
  problems: string[],
): Promise<BackendDefinition[]> {
  // Both are problems that the checks have told.
  if (name === undefined || enginesToCome.includes(name)) return []
  try {
    const names = name === 'auto' ? ['docker', 'local'] : [name]
    return await Promise.all(names.map((each) => loadBackend(each, { directory })))
  } catch (error) {
    if (!(error instanceof StartupError)) throw error
    if (!problems.some((problem) => problem.startsWith('CONTAINER_DEPLOYMENT:'))) problems.push(...error.problems)
    return []
  }
}
