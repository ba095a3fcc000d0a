import { z } from 'zod'

/** What the settings reference says of a setting, beside its name. */
export type SettingInfo = {
  group: string
  /** How a value looks, for people. */
  type: string
  /** As it would be written in a file; empty = not set. */
  default: string
  description: string
  /** False: read and checked, but without effect in this build. */
  effective: boolean
}

/** What is known of the server's own settings; the plugins' ones only have a description. */
export const settingInfo = z.registry<SettingInfo>()

type TextSchema = z.ZodType<unknown, string>
type Description = Omit<SettingInfo, 'group' | 'effective'>

/** Makes the settings of one group. */
export function settingGroup(group: string, { effective = true }: { effective?: boolean } = {}) {
  return {
    /** A setting with a default. */
    setting: <Schema extends TextSchema>(schema: Schema, info: Description) => {
      const complete = schema.prefault(info.default as z.input<Schema>)
      settingInfo.add(complete, { ...info, group, effective })
      return complete
    },
    /** A setting that may be absent. */
    optional: <Schema extends TextSchema>(schema: Schema, info: Description) => {
      const complete = schema.optional()
      settingInfo.add(complete, { ...info, group, effective })
      return complete
    },
  }
}

/** A word out of a list. */
export function wordSetting<const Words extends readonly [string, ...string[]]>(words: Words) {
  return z.string().transform((text, context): Words[number] => {
    const word = text.trim()
    if (words.includes(word)) return word
    context.addIssue({ code: 'custom', message: `not one of ${words.join(', ')}: ${JSON.stringify(text)}` })
    return z.NEVER
  })
}

/** A string that is not blank. */
export const requiredSetting = z.string().transform((text, context) => {
  if (text.trim() !== '') return text.trim()
  context.addIssue({ code: 'custom', message: 'is empty' })
  return z.NEVER
})

/** A string as it is, which may be empty. */
export const plainSetting = z.string()
