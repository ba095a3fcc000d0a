import { z } from 'zod'

// Building blocks of plugins' and apps' settings: environment variables, so strings, in the formats of the wire contract.

const trueWords = ['true', '1', 'yes', 'on', 't', 'y']
const falseWords = ['false', '0', 'no', 'off', 'f', 'n']

/** true/false, 1/0, yes/no, on/off, t/f, y/n in any case. */
export const booleanSetting = z.string().transform((text, context) => {
  const word = text.trim().toLowerCase()
  if (trueWords.includes(word)) return true
  if (falseWords.includes(word)) return false
  context.addIssue({ code: 'custom', message: `not a boolean: ${JSON.stringify(text)} (True or False)` })
  return z.NEVER
})

/** A whole number of `[minimum, maximum]`. */
export function integerSetting(minimum: number, maximum: number = Number.MAX_SAFE_INTEGER) {
  return z.string().transform((text, context) => {
    const value = /^[+-]?\d+$/.test(text.trim()) ? Number(text) : Number.NaN
    if (Number.isSafeInteger(value) && value >= minimum && value <= maximum) return value
    const range = maximum === Number.MAX_SAFE_INTEGER ? `from ${minimum} up` : `from ${minimum} to ${maximum}`
    context.addIssue({ code: 'custom', message: `not a whole number ${range}: ${JSON.stringify(text)}` })
    return z.NEVER
  })
}

/** A positive number. */
export const numberSetting = z.string().transform((text, context) => {
  const value = text.trim() === '' ? Number.NaN : Number(text)
  if (Number.isFinite(value) && value > 0) return value
  context.addIssue({ code: 'custom', message: `not a positive number: ${JSON.stringify(text)}` })
  return z.NEVER
})

/** A string in which blank means absent. */
export const optionalSetting = z.string().transform((text) => (text.trim() === '' ? undefined : text.trim()))

/** `a,b` · `["a","b"]` · `[a,b]`; blanks are trimmed; empty and `null` = `[]`. */
export const listSetting = z.string().transform((text, context) => {
  const trimmed = text.trim()
  if (trimmed === 'null') return []
  const bracketed = trimmed.startsWith('[')
  const quoted = bracketed && trimmed.includes('"')
  if (!quoted && bracketed === trimmed.endsWith(']')) return splitList(trimmed.replace(/^\[|\]$/g, ''))
  const parsed = z.array(z.string()).safeParse(parseJson(trimmed))
  if (parsed.success) return parsed.data.map((item) => item.trim()).filter((item) => item !== '')
  context.addIssue({ code: 'custom', message: `not a list: ${JSON.stringify(text)} (a,b or ["a","b"])` })
  return z.NEVER
})

function splitList(text: string): string[] {
  return text
    .split(',')
    .map((item) => item.trim().replace(/^'(.*)'$/, '$1'))
    .filter((item) => item !== '')
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

const portSchema = z.number().int().min(1).max(65_536)

/** `[49152,59152]`: the first port, and the one after the last. */
export const portRangeSetting = z.string().transform((text, context): readonly [from: number, to: number] => {
  const parsed = z.tuple([portSchema, portSchema]).safeParse(parseJson(text))
  if (parsed.success && parsed.data[0] < parsed.data[1]) return parsed.data
  context.addIssue({
    code: 'custom',
    message: `not a port range: ${JSON.stringify(text)} (example: [49152,59152], end exclusive)`,
  })
  return z.NEVER
})

/** JSON object of host path → path in the sandbox; `null` = none. */
export const mountMapSetting = z.string().transform((text, context): Record<string, string> => {
  const parsed = z.record(z.string().min(1), z.string().startsWith('/')).nullable().safeParse(parseJson(text))
  if (parsed.success) return parsed.data ?? {}
  context.addIssue({
    code: 'custom',
    message: `not a JSON object of host path to absolute sandbox path: ${JSON.stringify(text)}`,
  })
  return z.NEVER
})
