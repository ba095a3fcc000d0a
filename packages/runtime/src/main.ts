import { hideToken } from './hide-token.ts'
import { RuntimeConfigError, parseRuntimeConfig } from './runtime-config.ts'
import { readSecretToken } from './secret-token.ts'
import { startRuntime } from './start-runtime.ts'

const exitConfiguration = 78
const exitUnavailable = 69
const closeLimitMs = 800

/** Events as JSON lines on standard error; never a command, code or secret. */
function log(level: 'info' | 'error', message: string, fields: Record<string, unknown> = {}): void {
  process.stderr.write(`${JSON.stringify({ level, time: new Date().toISOString(), message, ...fields })}\n`)
}

async function main(): Promise<void> {
  const config = parseRuntimeConfig(process.env)
  hideToken(process.env)
  const token = readSecretToken(config.token)
  delete process.env['SECRET_TOKEN']
  const runtime = await startRuntime({ config, token, environment: process.env, log })
  const stop = () => {
    setTimeout(() => process.exit(0), closeLimitMs).unref()
    void runtime.close().finally(() => process.exit(0))
  }
  process.once('SIGTERM', stop)
  process.once('SIGINT', stop)
}

main().catch((error: unknown) => {
  process.stderr.write(`runtime: ${(error as Error).message}\n`)
  process.exit(error instanceof RuntimeConfigError ? exitConfiguration : exitUnavailable)
})
