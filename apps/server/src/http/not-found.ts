import { SandboxError } from '@runtime-sandbox/core'
import { errorResponse } from './error-response.ts'
import type { HttpContext } from './http-environment.ts'

export function routeNotFound(context: HttpContext): Response {
  return errorResponse(context, new SandboxError('route_not_found', 'Not Found'))
}

export function methodNotAllowed(context: HttpContext, allowed: readonly string[]): Response {
  const headers = { allow: allowed.join(', ') }
  return errorResponse(context, new SandboxError('method_not_allowed', 'Method Not Allowed'), { headers })
}
