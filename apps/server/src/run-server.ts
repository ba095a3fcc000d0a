import process from 'node:process'
import type { Logger } from '@runtime-sandbox/core'
import { helpText, parseCommandLine, type CommandLine } from './command-line.ts'
import { startServer } from './compose/start-server.ts'
import { exitCodes } from './exit-codes.ts'
import { createLogger } from './log.ts'
import { ShutdownSignals } from './shutdown-signals.ts'
import { StartupError } from './startup-error.ts'
import { version } from './version.ts'

const tell = (text: string) => process.stderr.write(`${text}\n`)

/** The command `runtime-sandbox-server`; ends the process. */
export async function runServer(): Promise<never> {
  try {
    process.exitCode = await main()
  } catch (error) {
    if (!(error instanceof StartupError))
      tell(`Defect: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`)
    else for (const problem of error.problems) tell(problem)
    process.exitCode = error instanceof StartupError ? error.exitCode : exitCodes.software
  }
  // Open handles of extensions and plugins do not keep a stopped server alive.
  process.exit()
}

async function main(): Promise<number> {
  const commandLine = parseCommandLine(process.argv.slice(2))
  if (commandLine.help) return print(helpText)
  if (commandLine.version) return print(`${version}\n`)
  return serve(commandLine)
}

function print(text: string): number {
  process.stdout.write(text)
  return exitCodes.success
}

async function serve({ configFile, extensions, logLevel, flags }: CommandLine): Promise<number> {
  let logger: Logger = createLogger({ level: logLevel })
  const signals = new ShutdownSignals(process)
  for (const event of ['uncaughtException', 'unhandledRejection'] as const) {
    process.on(event, (error: unknown) => {
      logger.error({ err: error }, event)
      process.exit(exitCodes.software)
    })
  }
  const server = await startServer({
    // The one place where the process's settings come in.
    environment: process.env,
    configFile,
    extensions,
    flags,
    logger: ({ DEBUG }) => (DEBUG ? (logger = createLogger({ level: 'DEBUG' })) : logger),
    onGeneratedToken: (token) => tell(generatedTokenText(token)),
  })
  tell(`Runtime Sandbox ${version} answers at ${server.url} (engine: ${server.engine.name}); API: ${server.url}/docs`)
  const signal = await signals.first
  logger.info({ signal }, 'server is stopping')
  const clean = await server.close()
  logger.info({ clean }, 'server has stopped')
  return clean ? exitCodes.success : exitCodes.software
}

function generatedTokenText(token: string): string {
  return `BEARER_TOKEN is not set and this server can be reached from other machines. For this run its token is:\n\n    ${token}\n`
}
