import { SandboxError } from '@runtime-sandbox/core'
import { errorResponse, publicError, rephrase } from '../error-response.ts'
import type { HttpContext, ManagerSource } from '../http-environment.ts'
import { methodNotAllowed } from '../not-found.ts'
import { forwardedRequestHeaders, forwardedResponseHeaders } from './proxy-headers.ts'
import { parseSandboxTarget, type SandboxTarget } from './sandbox-target.ts'
import { sendAnswer, targetOf } from './send-answer.ts'

/** Methods that `/proxy` passes on. */
export const proxyMethods: readonly string[] = ['GET', 'POST', 'PUT', 'DELETE', 'PATCH']

/** Streams a request to a sandbox's runtime and the answer back, both ways as it comes, whatever its size. */
export function proxyHandler(manager: ManagerSource) {
  return async (context: HttpContext): Promise<Response> => {
    const { raw } = context.req
    if (!proxyMethods.includes(raw.method)) return methodNotAllowed(context, proxyMethods)
    const target = parseSandboxTarget(targetOf(context), 'proxy')
    if (!target) return errorResponse(context, new SandboxError('invalid_argument', 'Error in proxy: not a plain path'))
    try {
      const answer = await manager().fetchRuntime(target.identity, requestOf(context, target))
      return await sendAnswer(context, answer, forwardedResponseHeaders(answer.headers, context.get('requestId')))
    } catch (thrown) {
      if (raw.signal.aborted) return new Response(null, { status: 499 })
      return failure(context, thrown, target.identity)
    }
  }
}

function requestOf(context: HttpContext, { path, query }: SandboxTarget) {
  const { raw } = context.req
  const hasBody = raw.headers.has('transfer-encoding') || Number(raw.headers.get('content-length') ?? 0) > 0
  const body = hasBody ? (raw.body ?? undefined) : undefined
  return {
    method: raw.method,
    path,
    query,
    headers: forwardedRequestHeaders(raw.headers, context.get('requestId'), body !== undefined),
    body,
    signal: raw.signal,
  }
}

function failure(context: HttpContext, thrown: unknown, identity: string): Response {
  const error = publicError(thrown, context)
  if (error.status >= 500) context.get('logger').error({ identity, code: error.code, err: error }, 'proxy failed')
  if (error.code === 'sandbox_not_found') {
    return errorResponse(context, rephrase(error, `sandbox not found: ${identity}`))
  }
  if (error.code === 'sandbox_unreachable') {
    return errorResponse(context, rephrase(error, `proxy upstream error: ${error.message}`))
  }
  return errorResponse(context, rephrase(error, `Error in proxy: ${error.message}`))
}
