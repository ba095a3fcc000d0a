import { SandboxError } from '@runtime-sandbox/core'

const timeoutCodes = new Set(['UND_ERR_HEADERS_TIMEOUT', 'UND_ERR_BODY_TIMEOUT'])
const argumentCodes = new Set(['UND_ERR_INVALID_ARG', 'UND_ERR_REQ_CONTENT_LENGTH_MISMATCH', 'UND_ERR_NOT_SUPPORTED'])

/**
 * What a failed request to the sandbox `name` means. Texts name no address: they go to clients.
 *
 * @param signal that the request ran under; its reason is the error once it is aborted
 */
export function mapRuntimeError(error: unknown, name: string, signal?: AbortSignal): unknown {
  if (signal?.aborted) return signal.reason
  if (SandboxError.is(error)) return error
  const code = codeOf(error)
  if (timeoutCodes.has(code)) {
    return new SandboxError('sandbox_timeout', `sandbox ${name} did not answer in time`, { cause: error })
  }
  if (argumentCodes.has(code)) {
    return new SandboxError('invalid_argument', `the request to sandbox ${name} is not valid`, { cause: error })
  }
  return new SandboxError('sandbox_unreachable', `sandbox ${name} does not answer (${code})`, { cause: error })
}

function codeOf(error: unknown): string {
  const code = (error as { code?: unknown } | null)?.code
  return typeof code === 'string' ? code : 'unknown error'
}
