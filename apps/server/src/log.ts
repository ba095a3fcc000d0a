import type { Logger } from '@runtime-sandbox/core'
import { currentRequestId } from './request-context.ts'
import { pino, type DestinationStream } from 'pino'

/** The levels of --log-level. */
export const logLevels = ['DEBUG', 'INFO', 'WARNING', 'ERROR', 'CRITICAL'] as const
export type LogLevel = (typeof logLevels)[number]

const pinoLevels: Readonly<Record<LogLevel, string>> = {
  DEBUG: 'debug',
  INFO: 'info',
  WARNING: 'warn',
  ERROR: 'error',
  CRITICAL: 'fatal',
}

const secretFields = [
  'authorization',
  'token',
  'runtimeToken',
  'runtime_token',
  'password',
  'secret',
  'SECRET_TOKEN',
  'environment',
]

export type CreateLoggerOptions = {
  level: LogLevel
  /** Default: standard output. */
  destination?: DestinationStream
}

/** JSON lines. Fields whose names tell of a secret are not shown, wherever they turn up; stacks only at level DEBUG. */
export function createLogger({
  level,
  destination = pino.destination({ dest: 1, sync: true }),
}: CreateLoggerOptions): Logger {
  const serializeError = (value: unknown) => describeError(value, level === 'DEBUG')
  return pino(
    {
      level: pinoLevels[level],
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      redact: { paths: secretFields.flatMap((name) => [name, `*.${name}`, `*.*.${name}`]), censor: '(not shown)' },
      serializers: { err: serializeError },
      mixin: () => ({ requestId: currentRequestId() }),
    },
    destination,
  )
}

type DescribedError = { name?: string; message: string; code?: unknown; stack?: string | undefined; cause?: unknown }

/** An error as data: its own words and those beneath, without whatever else a library hung on it. */
function describeError(value: unknown, withStack: boolean, depth = 0): unknown {
  if (!(value instanceof Error)) return value
  const described: DescribedError = { name: value.name, message: value.message }
  if ('code' in value) described.code = value.code
  if (withStack) described.stack = value.stack
  if (value.cause !== undefined && depth < 4) described.cause = describeError(value.cause, withStack, depth + 1)
  return described
}
