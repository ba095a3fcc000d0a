import type { AnyPluginDefinition } from '@runtime-sandbox/core'
import { redactProblem } from './redact.ts'
import { collectSettings, type Environment } from './setting-sources.ts'
import { settingsSchema, type Settings } from './settings-schema.ts'

export type ParsedSettings = {
  /** What could be read; complete when there is no problem. */
  values: Partial<Settings>
  /** Upper-case names that were given, with their text. */
  given: Readonly<Record<string, string>>
  /** `NAME: problem`, without secrets, in the order of the reference. */
  problems: string[]
}

/** Reads the server's own settings out of the layers, all problems at once. */
export function parseSettings(layers: readonly Environment[]): ParsedSettings {
  const given = collectSettings(Object.keys(settingsSchema.shape), layers)
  const values: Record<string, unknown> = {}
  const problems: string[] = []
  // One by one, so that a setting that cannot be read does not hide what is wrong with the others.
  for (const [name, schema] of Object.entries(settingsSchema.shape)) {
    const parsed = schema.safeParse(given[name])
    if (parsed.success) values[name] = parsed.data
    else problems.push(...parsed.error.issues.map(({ message }) => problemOf(name, message, given)))
  }
  return { values, given, problems }
}

export type ParsedPluginSettings = { config: Record<string, unknown>; problems: string[] }

/** Reads the settings that a plugin declares. */
export function parsePluginSettings(plugin: AnyPluginDefinition, layers: readonly Environment[]): ParsedPluginSettings {
  const given = collectSettings(Object.keys(plugin.configSchema.shape), layers)
  const parsed = plugin.configSchema.safeParse(given)
  const issues = parsed.error?.issues ?? []
  const problems = issues.map(({ path, message }) => problemOf(String(path[0] ?? plugin.name), message, given))
  return { config: parsed.data ?? {}, problems }
}

function problemOf(name: string, message: string, given: Readonly<Record<string, string>>): string {
  return `${name}: ${redactProblem(name, message, given[name])}`
}
