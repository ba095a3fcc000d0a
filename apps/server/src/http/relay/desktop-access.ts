import { createHmac } from 'node:crypto'
import { SandboxError, type SandboxRecord } from '@runtime-sandbox/core'
import { hostGuard, isOriginOf, isSameSecret, callerGuard, type AccessPolicy } from '../access.ts'
import type { OuterAddress } from './outer-address.ts'

/** Name of the cookie that stands for a sandbox's password. */
const cookieName = 'sandbox-desktop'

/** How a request may see a desktop. */
export type DesktopAdmission = {
  /** It brought the password itself, and gets a cookie for what follows. */
  byPassword: boolean
}

export type DesktopRequest = {
  headers: Headers
  query: string | undefined
  /** Of the sandbox that it asks for, after all replacements. */
  record: SandboxRecord
  isSocket: boolean
}

/**
 * Who may see a sandbox's desktop: the holder of the server's token, of the sandbox's own (as `password` in the query), or of a
 * cookie that the latter got. Never everybody, also where the server has no token.
 */
export class DesktopAccess {
  readonly #policy: AccessPolicy

  constructor(policy: AccessPolicy) {
    this.#policy = policy
  }

  /** @throws SandboxError `request_refused`, when it is not even for this server; to be asked before a sandbox is looked for */
  checkHost(headers: Headers): void {
    const refusal = hostGuard(this.#policy)(headers)
    if (refusal) throw refusal
  }

  /** @throws SandboxError `unauthorized`, `request_refused` */
  admit({ headers, query, record, isSocket }: DesktopRequest): DesktopAdmission {
    const password = new URLSearchParams(query).get('password')
    if (password !== null && isSameSecret(password, record.runtimeToken)) return { byPassword: true }
    if (this.#hasToken(headers)) return { byPassword: false }
    const cookie = cookieOf(headers)
    if (cookie === undefined || !isSameSecret(cookie, cookieValue(record))) {
      const given = password !== null || cookie !== undefined
      throw new SandboxError('unauthorized', given ? 'Invalid authentication credentials' : 'Authentication required')
    }
    // The browser sends a cookie whoever opened the socket; a page of another site must not.
    if (isSocket && !isOwnOrigin(headers)) {
      throw new SandboxError('request_refused', 'Sockets of other web pages are refused')
    }
    return { byPassword: false }
  }

  /** `Set-Cookie`, valid for this one sandbox's paths. It does not hold the password, and no script can read it. */
  cookie(record: SandboxRecord, identity: string, { prefix, isSecure }: OuterAddress): string {
    const path = `${prefix}/desktop/${encodeURIComponent(identity)}`
    const secure = isSecure ? '; Secure' : ''
    return `${cookieName}=${cookieValue(record)}; Path=${path}; HttpOnly; SameSite=Strict${secure}`
  }

  #hasToken(headers: Headers): boolean {
    return this.#policy.token !== undefined && callerGuard(this.#policy)(headers) === undefined
  }
}

function cookieValue({ runtimeToken }: SandboxRecord): string {
  return createHmac('sha256', runtimeToken).update('desktop').digest('base64url')
}

function cookieOf(headers: Headers): string | undefined {
  const pairs = (headers.get('cookie') ?? '').split(';').map((pair) => pair.trim())
  return pairs.find((pair) => pair.startsWith(`${cookieName}=`))?.slice(cookieName.length + 1)
}

function isOwnOrigin(headers: Headers): boolean {
  const origin = headers.get('origin')
  const hosts = [headers.get('host'), headers.get('x-forwarded-host')]
  return origin !== null && hosts.some((host) => host !== null && isOriginOf(origin, host))
}
