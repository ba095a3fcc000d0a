import { SandboxError } from '@runtime-sandbox/core'
import type { ErrorBody } from '@runtime-sandbox/protocol'
import type { ContentfulStatusCode } from 'hono/utils/http-status'
import type { HttpContext } from './http-environment.ts'

export type ErrorResponseOptions = {
  /** Headers beside those of every answer. */
  headers?: Record<string, string>
}

/** Answers with `error`, in the one shape of all errors. */
export function errorResponse(context: HttpContext, error: SandboxError, { headers = {} }: ErrorResponseOptions = {}) {
  const body: ErrorBody = {
    detail: error.message,
    code: error.code,
    retryable: error.retryable,
    remediation: error.remediation,
    request_id: context.get('requestId'),
  }
  if (error.code === 'unauthorized') headers = { ...headers, 'www-authenticate': 'Bearer' }
  return context.json(body, error.status as ContentfulStatusCode, headers)
}

/**
 * What a client may learn of anything that was thrown: errors of the table as they are; any other is a defect, whose words
 * stay in the log.
 */
export function publicError(thrown: unknown, context: HttpContext): SandboxError {
  if (SandboxError.is(thrown) && thrown.code !== 'internal') return thrown
  return new SandboxError('internal', `internal error; the server log has it under ${context.get('requestId')}`, {
    cause: thrown,
  })
}

/** `error` with other words. */
export function rephrase(error: SandboxError, message: string): SandboxError {
  return new SandboxError(error.code, message, { cause: error.cause ?? error, details: error.details })
}
