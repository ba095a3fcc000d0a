import type { AnyPluginDefinition } from '@runtime-sandbox/core'
import type { z } from 'zod'
import { firstPartyPlugins } from '../plugins/first-party-plugins.ts'
import { settingInfo } from './setting.ts'
import { settingsSchema } from './settings-schema.ts'

/** One row of the settings reference. */
export type SettingReference = {
  name: string
  /** Heading under which it stands. */
  group: string
  /** How a value looks. */
  type: string
  /** As written in a file; empty = not set. */
  default: string
  description: string
  /** False: read and checked, but without effect in this build. */
  effective: boolean
}

/** Every setting, the first-party plugins' ones included, in the order of the documents. */
export async function settingsReference(): Promise<SettingReference[]> {
  const own = Object.entries(settingsSchema.shape).map(([name, schema]) => ({ name, ...settingInfo.get(schema)! }))
  const names = new Set(own.map(({ name }) => name))
  const rows: SettingReference[] = [...own]
  for (const [title, load] of Object.entries(firstPartyPlugins)) {
    for (const row of pluginRows(title, await load())) {
      if (names.has(row.name)) continue
      names.add(row.name)
      rows.push(row)
    }
  }
  return rows
}

function pluginRows(title: string, { configSchema }: AnyPluginDefinition): SettingReference[] {
  return Object.entries(configSchema.shape as Record<string, z.ZodType>).map(([name, schema]) => ({
    name,
    group: title,
    type: metaText(schema, 'type') ?? 'string',
    default: metaText(schema, 'default') ?? defaultOf(schema),
    description: schema.description ?? '',
    effective: true,
  }))
}

/** What a plugin says with `.meta({ type: …, default: … })`, which it need not. */
function metaText(schema: z.ZodType, key: string): string | undefined {
  const value = schema.meta()?.[key]
  return typeof value === 'string' ? value : undefined
}

/** The text that stands for an absent setting: of `.prefault('x')` or `.default(x)`, also beneath `.optional()`. */
function defaultOf(schema: z.ZodType): string {
  const { type, defaultValue, innerType } = schema.def as {
    type: string
    defaultValue?: unknown
    innerType?: z.ZodType
  }
  if (type === 'prefault' || type === 'default') {
    return typeof defaultValue === 'string' ? defaultValue : (JSON.stringify(defaultValue) ?? '')
  }
  return innerType ? defaultOf(innerType) : ''
}
