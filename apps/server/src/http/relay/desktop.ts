import { SandboxError } from '@runtime-sandbox/core'
import type { SandboxGateway } from '@runtime-sandbox/manager'
import type { AccessPolicy } from '../access.ts'
import { errorResponse, publicError, rephrase } from '../error-response.ts'
import type { HttpContext, ManagerSource } from '../http-environment.ts'
import { methodNotAllowed } from '../not-found.ts'
import { DesktopAccess } from './desktop-access.ts'
import { desktopHeaders } from './desktop-headers.ts'
import { outerAddress } from './outer-address.ts'
import { forwardedRequestHeaders, forwardedResponseHeaders } from './proxy-headers.ts'
import { parseSandboxTarget, type SandboxTarget } from './sandbox-target.ts'
import { sendAnswer, targetOf } from './send-answer.ts'

export type DesktopOptions = { manager: ManagerSource; gateway: () => SandboxGateway; policy: AccessPolicy }

/** Relays `GET /desktop/{identity}/{path}` to what the sandbox serves on its port outside its runtime, with its true status. */
export function desktopHandler({ manager, gateway, policy }: DesktopOptions) {
  const access = new DesktopAccess(policy)
  return async (context: HttpContext): Promise<Response> => {
    const { raw } = context.req
    if (raw.method !== 'GET') return methodNotAllowed(context, ['GET'])
    const target = parseSandboxTarget(targetOf(context), 'desktop')
    try {
      access.checkHost(raw.headers)
      if (!target) throw new SandboxError('invalid_argument', 'not a plain path')
      if (!target.hasPath) return context.redirect(withSlash(target), 307)
      const record = await manager().getInfo(target.identity)
      const { byPassword } = access.admit({ headers: raw.headers, query: target.query, record, isSocket: false })
      const outer = outerAddress(raw.headers)
      const answer = await gateway().fetchDesktop(target.identity, requestOf(context, target))
      const guard = {
        ...desktopHeaders(target.identity, outer),
        ...(byPassword && { 'set-cookie': access.cookie(record, target.identity, outer) }),
      }
      return await sendAnswer(
        context,
        answer,
        forwardedResponseHeaders(answer.headers, context.get('requestId'), guard),
      )
    } catch (thrown) {
      if (raw.signal.aborted) return new Response(null, { status: 499 })
      return failure(context, thrown)
    }
  }
}

/** Relative, so that it is right behind any prefix. */
function withSlash({ identity, query }: SandboxTarget): string {
  return `${encodeURIComponent(identity)}/${query === undefined ? '' : `?${query}`}`
}

function requestOf(context: HttpContext, { path, query }: SandboxTarget) {
  const { raw } = context.req
  return {
    method: 'GET',
    path,
    query: withoutPassword(query),
    headers: forwardedRequestHeaders(raw.headers, context.get('requestId'), false),
    signal: raw.signal,
  }
}

/** Pages read it from their own address; the program that serves them has no use for it. */
function withoutPassword(query: string | undefined): string | undefined {
  const rest = query?.split('&').filter((pair) => !/^password(?:=|$)/.test(pair)) ?? []
  return rest.length === 0 ? undefined : rest.join('&')
}

function failure(context: HttpContext, thrown: unknown): Response {
  const error = publicError(thrown, context)
  if (error.status >= 500) context.get('logger').error({ code: error.code, err: error }, 'desktop relay failed')
  if (error.code !== 'sandbox_unreachable') return errorResponse(context, error)
  return errorResponse(context, rephrase(error, `Upstream request failed: ${error.message}`))
}
