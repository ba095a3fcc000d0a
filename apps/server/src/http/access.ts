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
  const check = callerGuard(policy)
  return async (context, next) => {
    const refusal = check(context.req.raw.headers)
    if (!refusal) return next()
    context.get('logger').debug({ code: refusal.code }, refusal.message)
    return errorResponse(context, refusal)
  }
}

/** Judges a request by its headers: why it is refused, or undefined. */
export type Guard = (headers: Headers) => SandboxError | undefined

/** The policy for calls. */
export function callerGuard({ token, allowedHosts }: AccessPolicy): Guard {
  return token === undefined ? localGuard(allowedHosts) : tokenGuard(token)
}

/**
 * The policy for what has a password of its own. Without a token, names that only resolve to this machine are refused all the same,
 * so that no page of another site becomes one of ours.
 */
export function hostGuard({ token, allowedHosts }: AccessPolicy): Guard {
  return (headers) => (token === undefined ? refusedHost(headers.get('host') ?? '', allowedHosts) : undefined)
}

function tokenGuard(token: string): Guard {
  return (headers) => {
    const match = /^bearer +(.+)$/i.exec(headers.get('authorization')?.trim() ?? '')
    if (!match) return new SandboxError('unauthorized', 'Authentication required')
    if (isSameSecret(match[1]!, token)) return undefined
    return new SandboxError('unauthorized', 'Invalid authentication credentials')
  }
}

/** Compares in a time that tells nothing: digests have one length. */
export function isSameSecret(given: string, expected: string): boolean {
  return timingSafeEqual(digest(given), digest(expected))
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
    const refusal = refusedHost(host, allowedHosts)
    if (refusal) return refusal
    const origin = headers.get('origin')
    const site = headers.get('sec-fetch-site')
    const foreign = origin !== null ? !isOriginOf(origin, host) : site === 'cross-site' || site === 'same-site'
    return foreign ? new SandboxError('request_refused', 'Requests of other web pages are refused') : undefined
  }
}

function refusedHost(host: string, allowedHosts: readonly string[]): SandboxError | undefined {
  const name = hostName(host)
  if (name !== undefined && (isLoopbackName(name) || allowedHosts.includes(name))) return undefined
  return new SandboxError('request_refused', `Host ${JSON.stringify(host)} is not a name of this server`)
}

/** The name in a Host header, in lower case, without port and brackets; undefined when it is malformed. */
function hostName(host: string): string | undefined {
  const url = URL.parse(`http://${host}`)
  if (!url || url.pathname !== '/' || url.username !== '' || url.search !== '' || url.hash !== '') return undefined
  return url.hostname.replace(/^\[(.*)\]$/, '$1').replace(/\.$/, '')
}

/** Whether a page of `origin` came from this `host`. */
export function isOriginOf(origin: string, host: string): boolean {
  const url = URL.parse(origin)
  return url !== null && url.host === URL.parse(`${url.protocol}//${host}`)?.host
}
