import { settingInfo } from './setting.ts'
import { settingsSchema } from './settings-schema.ts'

/** Names that were given and have no effect in this build, for one line of warning. */
export function ineffectiveSettings(given: Readonly<Record<string, string>>): string[] {
  return Object.entries(settingsSchema.shape)
    .filter(([name, schema]) => name in given && settingInfo.get(schema)?.effective === false)
    .map(([name]) => name)
}
