import { SandboxError } from '@runtime-sandbox/core'

/** The caller's data and the session it names. */
export type SessionMeta = { meta: Record<string, unknown>; sessionContextId: string | null }

const maxBytes = 64 * 1024
const maxSessionIdLength = 256

/** Checks a request's `meta`. @throws SandboxError `invalid_argument` */
export function sessionMeta(meta: Record<string, unknown> | undefined): SessionMeta {
  const copy = plainCopy(meta ?? {})
  const given = copy['session_ctx_id'] ?? null
  if (given === null) return { meta: copy, sessionContextId: null }
  if (typeof given !== 'string' || given === '' || given.length > maxSessionIdLength) {
    const message = `meta: session_ctx_id must be a string of 1 to ${maxSessionIdLength} characters`
    throw new SandboxError('invalid_argument', message)
  }
  return { meta: copy, sessionContextId: given }
}

// What the store would keep, so that every store keeps the same.
function plainCopy(meta: Record<string, unknown>): Record<string, unknown> {
  const json = toJson(meta)
  if (json === undefined || !json.startsWith('{'))
    throw new SandboxError('invalid_argument', 'meta must be a JSON object')
  if (Buffer.byteLength(json) > maxBytes) {
    throw new SandboxError('invalid_argument', `meta is larger than ${maxBytes} bytes`)
  }
  return JSON.parse(json) as Record<string, unknown>
}

function toJson(meta: unknown): string | undefined {
  try {
    return JSON.stringify(meta)
  } catch {
    return undefined
  }
}
