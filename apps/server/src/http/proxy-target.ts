/** What a request to `/proxy/{identity}/{path}?{query}` wants; path and query as they were sent. */
export type ProxyTarget = { identity: string; path: string; query: string | undefined }

const pattern = /^(?:https?:\/\/[^/?#]+)?\/proxy\/(?<identity>[^/?#]+)(?:\/(?<path>[^?#]*))?(?:\?(?<query>[^#]*))?$/i

/**
 * Reads a request target. Undefined when a segment could mean another path to somebody on the way: `.` and `..`, slashes and
 * control characters in escaped form, escapes that are none. File names are in the query, so nothing useful is lost.
 */
export function parseProxyTarget(rawUrl: string): ProxyTarget | undefined {
  const groups = pattern.exec(rawUrl)?.groups
  const identity = decode(groups?.['identity'] ?? '')
  const path = groups?.['path'] ?? ''
  if (!groups || !isPlain(identity) || identity.length > 256) return undefined
  const segments = path.split('/')
  if (
    !segments.every((segment, index) => isPlain(decode(segment)) || (segment === '' && index === segments.length - 1))
  ) {
    return undefined
  }
  return { identity, path, query: groups['query'] }
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
