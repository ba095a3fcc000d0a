/** What a request to `/<route>/{identity}/{path}?{query}` wants; path and query as they were sent. */
export type SandboxTarget = {
  identity: string
  path: string
  query: string | undefined
  /** Whether a slash follows the identity. */
  hasPath: boolean
}

const pattern =
  /^(?:https?:\/\/[^/?#]+)?\/(?<route>[a-z]+)\/(?<identity>[^/?#]+)(?:\/(?<path>[^?#]*))?(?:\?(?<query>[^#]*))?$/i

/**
 * Reads a request target. Undefined when it is of another route, or when a segment could mean another path to somebody on the way:
 * `.` and `..`, slashes and control characters in escaped form, escapes that are none. File names are in the query, so nothing
 * useful is lost.
 */
export function parseSandboxTarget(rawUrl: string, route: 'proxy' | 'desktop'): SandboxTarget | undefined {
  const groups = pattern.exec(rawUrl)?.groups
  const identity = decode(groups?.['identity'] ?? '')
  const path = groups?.['path']
  if (!groups || groups['route'] !== route || !isPlain(identity) || identity.length > 256) return undefined
  const segments = (path ?? '').split('/')
  if (
    !segments.every((segment, index) => isPlain(decode(segment)) || (segment === '' && index === segments.length - 1))
  ) {
    return undefined
  }
  return { identity, path: path ?? '', query: groups['query'], hasPath: path !== undefined }
}

function decode(text: string): string | undefined {
  try {
    return decodeURIComponent(text)
  } catch {
    return undefined
  }
}

function isPlain(segment: string | undefined): segment is string {
  return (
    segment !== undefined &&
    segment !== '' &&
    segment !== '.' &&
    segment !== '..' &&
    !/[/\\\u0000-\u001f\u007f]/.test(segment)
  )
}
