import { createHash, timingSafeEqual } from 'node:crypto'
import { SandboxError } from '@runtime-sandbox/core'
import type { MiddlewareHandler } from 'hono'
import { errorResponse } from './error-response.ts'
import type { HttpEnvironment } from './http-environment.ts'
import { isLoopbackName } from './loopback.ts'

/** Who may call. */
export type AccessPolicy = {
  /** BEARER_TOKEN; undefined = anyone on this machine, but no web page. */
  token: string | undefined
  /** Without a token: names beside the loopback ones that the Host header may have, in lower case, without port. */
  allowedHosts: readonly string[]
}

/** Refuses requests that the policy does not allow, before their body is read. */
export function access(policy: AccessPolicy): MiddlewareHandler<HttpEnvironment> {
  const check = policy.token === undefined ? localGuard(policy.allowedHosts) : tokenGuard(policy.token)
  return async (context, next) => {
    const refusal = check(context.req.raw.headers)
    if (!refusal) return next()
    context.get('logger').debug({ code: refusal.code }, refusal.message)
    return errorResponse(context, refusal)
  }
}

type Guard = (headers: Headers) => SandboxError | undefined

function tokenGuard(token: string): Guard {
  const expected = digest(token)
  return (headers) => {
    const match = /^bearer +(.+)$/i.exec(headers.get('authorization')?.trim() ?? '')
    if (!match) return new SandboxError('unauthorized', 'Authentication required')
    // Digests have one length, so that the time of the comparison tells nothing.
    if (timingSafeEqual(digest(match[1]!), expected)) return undefined
    return new SandboxError('unauthorized', 'Invalid authentication credentials')
  }
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}

/**
 * Without a token, whatever runs on this machine may call, its browser included. A page of another site must not: neither by
 * a name of its own that resolves to loopback (the Host tells), nor across origins (Origin and Sec-Fetch-Site tell).
 */
function localGuard(allowedHosts: readonly string[]): Guard {
  return (headers) => {
    const host = headers.get('host') ?? ''
    const name = hostName(host)
    if (name === undefined || !(isLoopbackName(name) || allowedHosts.includes(name))) {
      return new SandboxError('request_refused', `Host ${JSON.stringify(host)} is not a name of this server`)
    }
    const origin = headers.get('origin')
    const site = headers.get('sec-fetch-site')
    const foreign = origin !== null ? !isOriginOf(origin, host) : site === 'cross-site' || site === 'same-site'
    return foreign ? new SandboxError('request_refused', 'Requests of other web pages are refused') : undefined
  }
}

/** The name in a Host header, in lower case, without port and brackets; undefined when it is malformed. */
function hostName(host: string): string | undefined {
  const url = URL.parse(`http://${host}`)
  if (!url || url.pathname !== '/' || url.username !== '' || url.search !== '' || url.hash !== '') return undefined
  return url.hostname.replace(/^\[(.*)\]$/, '$1').replace(/\.$/, '')
}

function isOriginOf(origin: string, host: string): boolean {
  const url = URL.parse(origin)
  return url !== null && url.host === URL.parse(`${url.protocol}//${host}`)?.host
}
