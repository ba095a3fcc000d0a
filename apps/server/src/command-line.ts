import { parseArgs } from 'node:util'
import { exitCodes } from './exit-codes.ts'
import { logLevels, type LogLevel } from './log.ts'
import type { Environment } from './settings/setting-sources.ts'
import { StartupError } from './startup-error.ts'

export const helpText = `Usage: runtime-sandbox-server [options]

Hands isolated sandboxes to AI agents over HTTP. Settings are environment variables, or lines of a settings file.

Options:
  --config FILE        Settings file; wins over the environment. Without it, .env (else .env.example) of the
                       working directory is read, and the environment wins.
  --extension MODULE   A .ts or .js file, or a package, that registers sandbox types. May be given several times.
  --log-level LEVEL    ${logLevels.join(', ')} (default: INFO)
  --host HOST          Address to listen on; wins over HOST.
  --port PORT          Port to listen on; wins over PORT. 0 takes a free one.
  --help               Show this text.
  --version            Show the version.

Exit codes:
  0    stopped as asked
  2    wrong command line
  69   something outside is missing: the engine, or the port is taken
  70   a defect of the server
  78   invalid settings, or an extension that cannot be loaded; every problem is listed
  130  ended at once by a later SIGINT
  143  ended at once by a later SIGTERM
`

export type CommandLine = {
  help: boolean
  version: boolean
  configFile: string | undefined
  extensions: readonly string[]
  logLevel: LogLevel
  /** Settings given as flags. */
  flags: Environment
}

/** @throws StartupError (usage) on unknown flags, stray words and wrong levels */
export function parseCommandLine(words: readonly string[]): CommandLine {
  const { values } = parse(words)
  const logLevel = (values['log-level'] ?? 'INFO').toUpperCase()
  if (!isLogLevel(logLevel))
    throw usage(`--log-level: ${JSON.stringify(values['log-level'])} is not one of ${logLevels.join(', ')}`)
  return {
    help: values.help ?? false,
    version: values.version ?? false,
    configFile: values.config,
    extensions: values.extension ?? [],
    logLevel,
    flags: { HOST: values.host, PORT: values.port },
  }
}

function parse(words: readonly string[]) {
  try {
    return parseArgs({
      args: [...words],
      strict: true,
      allowPositionals: false,
      options: {
        config: { type: 'string' },
        extension: { type: 'string', multiple: true },
        'log-level': { type: 'string' },
        host: { type: 'string' },
        port: { type: 'string' },
        help: { type: 'boolean', short: 'h' },
        version: { type: 'boolean' },
      },
    })
  } catch (error) {
    throw usage((error as Error).message)
  }
}

function usage(problem: string): StartupError {
  return new StartupError(exitCodes.usage, [problem, 'See runtime-sandbox-server --help.'])
}

function isLogLevel(word: string): word is LogLevel {
  return (logLevels as readonly string[]).includes(word)
}
