import type { ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response'
import { SandboxError } from '@runtime-sandbox/core'
import { errorResponse, publicError, rephrase } from './error-response.ts'
import type { HttpContext, ManagerSource } from './http-environment.ts'
import { methodNotAllowed } from './not-found.ts'
import { forwardedRequestHeaders, forwardedResponseHeaders } from './proxy-headers.ts'
import { parseProxyTarget, type ProxyTarget } from './proxy-target.ts'

/** Methods that `/proxy` passes on. */
export const proxyMethods: readonly string[] = ['GET', 'POST', 'PUT', 'DELETE', 'PATCH']

/** Streams a request to a sandbox's runtime and the answer back, both ways as it comes, whatever its size. */
export function proxyHandler(manager: ManagerSource) {
  return async (context: HttpContext): Promise<Response> => {
    const { raw } = context.req
    if (!proxyMethods.includes(raw.method)) return methodNotAllowed(context, proxyMethods)
    const target = parseProxyTarget(context.env?.incoming?.url ?? pathOf(raw.url))
    if (!target) return errorResponse(context, new SandboxError('invalid_argument', 'Error in proxy: not a plain path'))
    try {
      const answer = await manager().fetchRuntime(target.identity, requestOf(context, target))
      return await sendAnswer(context, answer)
    } catch (thrown) {
      if (raw.signal.aborted) return new Response(null, { status: 499 })
      return failure(context, thrown, target.identity)
    }
  }
}

function pathOf(url: string): string {
  const { pathname, search } = new URL(url)
  return pathname + search
}

function requestOf(context: HttpContext, { path, query }: ProxyTarget) {
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

/** Behind a node server the answer is piped by hand: only so does a body that breaks off break the client's connection too. */
async function sendAnswer(context: HttpContext, answer: Response): Promise<Response> {
  const headers = forwardedResponseHeaders(answer.headers, context.get('requestId'))
  const outgoing = context.env?.outgoing
  if (!outgoing) return new Response(answer.body, { status: answer.status, headers })
  outgoing.writeHead(answer.status, headers)
  if (answer.body) await pipeBody(context, answer.body, outgoing)
  else outgoing.end()
  // The log and the headers of this answer are read from here; nothing of it is sent.
  return new Response(null, { status: answer.status, headers: RESPONSE_ALREADY_SENT.headers })
}

async function pipeBody(context: HttpContext, body: NonNullable<Response['body']>, outgoing: ServerResponse) {
  outgoing.flushHeaders()
  try {
    await pipeline(Readable.fromWeb(body), outgoing)
  } catch (error) {
    // Either side went away; pipeline has destroyed the other one.
    context.get('logger').debug({ err: error }, 'proxied answer broke off')
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
