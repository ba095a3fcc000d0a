import { SandboxError, type ErrorCode } from '@runtime-sandbox/core'

/** Errors of dockerode, and of the system beneath it. `level` is what the SSH library sets. */
type EngineError = {
  message?: string
  name?: string
  statusCode?: number
  json?: { message?: unknown } | null
  code?: unknown
  level?: unknown
}

/** What the engine said, without the library's decoration; else what the system calls the failure. */
export function engineWords(error: unknown): string {
  const { json, message, code } = errorOf(error)
  const words = typeof json?.message === 'string' ? json.message : (message ?? '')
  return words.trim() || (typeof code === 'string' ? code : 'no reason was given')
}

/** HTTP status of the engine's answer; undefined when it did not answer. */
export function statusOf(error: unknown): number | undefined {
  return errorOf(error).statusCode
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

/** Whether the engine did not make a container because it has no such image. */
export function isImageMissing(error: unknown): boolean {
  return isNotFound(error) && /image/i.test(engineWords(error))
}

/** Whether no answer came, so that what was asked for may have been done or not. */
export function isUnanswered(error: unknown): boolean {
  if (error instanceof TypeError || SandboxError.is(error)) return false
  const { name, code, level, statusCode } = errorOf(error)
  if (statusCode !== undefined) return false
  return name === 'TimeoutError' || name === 'AbortError' || typeof code === 'string' || typeof level === 'string'
}

export type MapErrorOptions = {
  /** What a refusal by the engine means here. */
  otherwise: ErrorCode
  /** What the engine was to do, for the message: `to …`. */
  doing: string
  signal?: AbortSignal | undefined
}

/** The error of our own that an engine's error is. An aborted call ends with the reason of its signal. */
export function mapError(error: unknown, { otherwise, doing, signal }: MapErrorOptions): unknown {
  if (signal?.aborted) return signal.reason
  if (SandboxError.is(error)) return error
  const { name } = errorOf(error)
  if (isUnanswered(error)) {
    const why = name === 'TimeoutError' || name === 'AbortError' ? 'no answer in time' : engineWords(error)
    return new SandboxError('engine_unavailable', `the Docker engine did not answer when asked ${doing}: ${why}`, {
      cause: error,
    })
  }
  const code = statusOf(error) === 409 ? 'conflict' : otherwise
  return new SandboxError(code, `the Docker engine refused ${doing}: ${engineWords(error)}`, { cause: error })
}

function errorOf(error: unknown): EngineError {
  return typeof error === 'object' && error !== null ? error : { message: String(error) }
}
