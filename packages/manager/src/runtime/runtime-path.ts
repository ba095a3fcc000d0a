import { SandboxError } from '@runtime-sandbox/core'
import { runtimePrefix } from '@runtime-sandbox/protocol'

const controlCharacter = /[\u0000-\u0020\u007f]/
const encodedSeparator = /%(?:2f|5c|00)/i

/**
 * The request target for `path` below the runtime's prefix. Whatever the path says, the target begins with the prefix and stays
 * there: segments `.` and `..` in any spelling, encoded separators, backslashes and control characters are refused.
 *
 * @param path behind the prefix, without a leading slash; characters that need it are percent-encoded here
 * @param query without `?`
 * @throws SandboxError `invalid_argument`
 */
export function runtimeTarget(path: string, query?: string): string {
  return `${runtimePrefix}/${plainTarget(path, query)}`
}

/**
 * The request target for `path` on a sandbox's own port, outside the runtime's prefix, by the same rules.
 *
 * @throws SandboxError `invalid_argument`; `route_not_found` for a path below the runtime's prefix
 */
export function desktopTarget(path: string, query?: string): string {
  const target = `/${plainTarget(path, query)}`
  const first = decode(path.split('/')[0]!)?.toLowerCase()
  if (`/${first}` === runtimePrefix) throw new SandboxError('route_not_found', 'Not Found')
  return target
}

function plainTarget(path: string, query: string | undefined): string {
  if (path.startsWith('/') || path.includes('\\') || controlCharacter.test(path) || encodedSeparator.test(path)) {
    throw refusal(path)
  }
  for (const segment of path.split('/')) {
    if (isDotSegment(segment)) throw refusal(path)
  }
  const search = query ? `?${encodeRest(query)}` : ''
  return `${encodeRest(path).replaceAll('?', '%3F')}${search}`
}

function isDotSegment(segment: string): boolean {
  let current = segment
  // A receiver may decode more than once; four layers are more than any does.
  for (let layer = 0; layer < 4; layer++) {
    if (current === '.' || current === '..' || current.includes('/') || current.includes('\\')) return true
    const decoded = decode(current)
    if (decoded === current) return false
    current = decoded
  }
  return true
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

// What cannot stand in a request line, and `#`, which would end it for some parsers. Existing escapes stay.
function encodeRest(text: string): string {
  return text.replaceAll(/[^\u0021-\u007e]|["<>#\\^`{|}]/gu, (character) =>
    encodeURIComponent(character.toWellFormed()),
  )
}

function refusal(path: string): SandboxError {
  return new SandboxError('invalid_argument', `not a path of a sandbox: ${JSON.stringify(path.slice(0, 200))}`)
}
