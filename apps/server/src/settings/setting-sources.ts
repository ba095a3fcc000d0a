import { existsSync, readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { StartupError } from '../startup-error.ts'
import { parseDotenv } from './parse-dotenv.ts'

/** Variables by name, as a process has them. */
export type Environment = Record<string, string | undefined>

export type SettingSourceOptions = {
  /** The process's variables. Those of the chosen file are written to it, so that extensions see them. */
  environment: Environment
  /** Working directory. */
  directory: string
  /** --config; wins over the environment. */
  configFile?: string | undefined
  /** Command line; wins over everything. */
  flags?: Environment | undefined
}

/** Where values come from: earlier layers win. Names are matched whatever their case. */
export type SettingSources = {
  layers: readonly Environment[]
  /** The one file that was read. */
  file: string | undefined
}

/**
 * Reads the one settings file: `--config`, which wins over the environment; else `.env`, else `.env.example` of the working
 * directory, which do not.
 *
 * @throws StartupError when the file of --config does not exist, or a file has lines that are no settings
 */
export function readSettingSources(options: SettingSourceOptions): SettingSources {
  const { environment, directory, configFile, flags = {} } = options
  const explicit = configFile !== undefined
  if (explicit && !existsSync(resolve(directory, configFile))) {
    throw StartupError.configuration(`Error: Config file ${configFile} does not exist`)
  }
  const file = explicit ? resolve(directory, configFile) : implicitFile(directory)
  if (!file) return { layers: [flags, environment], file: undefined }
  const before = { ...environment }
  const { values, badLines } = parseDotenv(readText(file), { environment: before, fileWins: explicit })
  if (badLines.length > 0) {
    throw StartupError.configuration(...badLines.map((line) => `${file}: line ${line} is not NAME=value`))
  }
  for (const [name, value] of Object.entries(values)) if (explicit || !(name in environment)) environment[name] = value
  return { layers: explicit ? [flags, values, before] : [flags, before, values], file }
}

function implicitFile(directory: string): string | undefined {
  return [resolve(directory, '.env'), resolve(directory, '.env.example')].find((file) => existsSync(file))
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    throw StartupError.configuration(`Error: Config file ${file} cannot be read: ${(error as Error).message}`)
  }
}

/** The values of `names`; a name that no layer has is left out. */
export function collectSettings(names: Iterable<string>, layers: readonly Environment[]): Record<string, string> {
  const indexes = layers.map(indexByUpperCase)
  const collected: Record<string, string> = {}
  for (const name of names) {
    const value = indexes.map((index) => index.get(name)).find((found) => found !== undefined)
    if (value !== undefined) collected[name] = value
  }
  return collected
}

/** Names in upper case; of several that differ in case only, the upper-case one wins. */
function indexByUpperCase(layer: Environment): Map<string, string> {
  const index = new Map<string, string>()
  for (const [name, value] of Object.entries(layer)) {
    const upper = name.toUpperCase()
    if (value !== undefined && (name === upper || !index.has(upper))) index.set(upper, value)
  }
  return index
}
