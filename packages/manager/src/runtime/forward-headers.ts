import { hopByHopHeaders } from '@runtime-sandbox/protocol'

// Beside the hop-by-hop ones: what is meant for the server in front alone, and what undici sets itself.
const requestOnlyHere = new Set(['authorization', 'cookie', 'host', 'expect', 'http2-settings'])
// A sandbox must not set state for the server's origin in a browser.
const responseNeverPassed = new Set(['set-cookie', 'set-cookie2', 'clear-site-data'])

/** Headers of a caller's request that its sandbox may see; those of the sandbox's own connection replace the same names. */
export function requestHeaders(
  given: Readonly<Record<string, string>>,
  own: Readonly<Record<string, string>>,
  hasBody: boolean,
): Record<string, string> {
  const named = connectionOptions(Object.entries(given).find(([name]) => name.toLowerCase() === 'connection')?.[1])
  const headers: Record<string, string> = {}
  for (const [name, value] of Object.entries(given)) {
    const lower = name.toLowerCase()
    if (hopByHopHeaders.has(lower) || requestOnlyHere.has(lower) || named.has(lower)) continue
    if (lower === 'content-length' && !hasBody) continue
    headers[lower] = value
  }
  for (const [name, value] of Object.entries(own)) headers[name.toLowerCase()] = value
  return headers
}

/** Headers of a sandbox's answer that its caller may see. */
export function responseHeaders(given: Readonly<Record<string, string | string[] | undefined>>): Headers {
  const named = connectionOptions(String(given['connection'] ?? ''))
  const headers = new Headers()
  for (const [name, value] of Object.entries(given)) {
    if (value === undefined || hopByHopHeaders.has(name) || responseNeverPassed.has(name) || named.has(name)) continue
    for (const one of Array.isArray(value) ? value : [value]) append(headers, name, one)
  }
  return headers
}

// A sandbox can send anything; a header that is none is dropped, the answer is not lost for it.
function append(headers: Headers, name: string, value: string): void {
  try {
    headers.append(name, value)
  } catch {
    // Not a header name or value.
  }
}

/** Headers of a WebSocket's opening, as the sandbox may see them. */
export function socketHeaders(
  given: Readonly<Record<string, string>>,
  own: Readonly<Record<string, string>>,
): Record<string, string> {
  // The sandbox is not told where the caller's page came from: its own pages are all that it knows.
  const { origin: _, ...rest } = requestHeaders(given, own, false)
  return { ...rest, connection: 'Upgrade', upgrade: 'websocket' }
}

function connectionOptions(value: string | undefined): Set<string> {
  return new Set((value ?? '').split(',').map((option) => option.trim().toLowerCase()))
}
