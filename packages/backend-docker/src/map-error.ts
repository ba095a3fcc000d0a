import { SandboxError, type ErrorCode } from '@runtime-sandbox/core'

/** Errors of dockerode, and of the system beneath it. */
type EngineError = Error & { statusCode?: number; json?: { message?: string } | null; code?: string }

const unreachable = [
  'ECONNREFUSED',
  'ECONNRESET',
  'ENOENT',
  'EACCES',
  'EPIPE',
  'ETIMEDOUT',
  'ENOTFOUND',
  'EHOSTUNREACH',
  'ECONNABORTED',
]

/** What the engine said, without the library's decoration. */
export function engineWords(error: unknown): string {
  const { json, message } = error as EngineError
  return (typeof json?.message === 'string' ? json.message : message).trim()
}

/** HTTP status of the engine's answer; undefined when it did not answer. */
export function statusOf(error: unknown): number | undefined {
  return (error as EngineError).statusCode
}

/** Whether the engine refused to publish a port because somebody listens on it. */
export function isPortTaken(error: unknown): boolean {
  return /port is already allocated|address already in use|ports are not available|failed to bind host port/i.test(
    engineWords(error),
  )
}

/** Whether the container or image is unknown to the engine. */
export function isNotFound(error: unknown): boolean {
  return statusOf(error) === 404
}

export type MapErrorOptions = {
  /** What a refusal by the engine means here. */
  otherwise: ErrorCode
  /** What was being done, for the message. */
  doing: string
  signal?: AbortSignal | undefined
}

/** The error of our own that an engine's error is. An aborted call ends with the reason of its signal. */
export function mapError(error: unknown, { otherwise, doing, signal }: MapErrorOptions): unknown {
  if (signal?.aborted) return signal.reason
  if (SandboxError.is(error)) return error
  const { code, name } = error as EngineError
  const status = statusOf(error)
  if (name === 'TimeoutError' || name === 'AbortError') {
    return new SandboxError('engine_unavailable', `the Docker engine did not answer in time while ${doing}`, {
      cause: error,
    })
  }
  if (status === undefined && unreachable.includes(code ?? '')) {
    return new SandboxError(
      'engine_unavailable',
      `the Docker engine does not answer while ${doing}: ${engineWords(error)}`,
      { cause: error },
    )
  }
  const message = `Docker refused ${doing}: ${engineWords(error)}`
  if (status === 409 && otherwise !== 'sandbox_not_found')
    return new SandboxError('conflict', message, { cause: error })
  return new SandboxError(otherwise, message, { cause: error })
}
