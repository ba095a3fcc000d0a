import { hopByHopHeaders, requestIdHeader } from '@runtime-sandbox/protocol'

/** Never passed to a sandbox: what authenticates the client to this server, and what the next hop sets itself. */
const ours: ReadonlySet<string> = new Set(['host', 'authorization', 'cookie', 'expect', requestIdHeader])
/** Never passed to a client: cookies would be valid for this server, whose other paths are not the sandbox's. */
const theirs: ReadonlySet<string> = new Set(['set-cookie', 'set-cookie2', 'clear-site-data'])

/** Whatever a sandbox sends, a browser must not run it with this server's origin, where it could call the API. */
const harmless = { 'content-security-policy': 'sandbox', 'x-content-type-options': 'nosniff' }

/** The headers of a client's request that go to the sandbox; the manager adds the sandbox's own token. */
export function forwardedRequestHeaders(headers: Headers, requestId: string, hasBody: boolean): Record<string, string> {
  const forwarded: Record<string, string> = {}
  const named = connectionHeaders(headers)
  for (const [name, value] of headers) {
    if (hopByHopHeaders.has(name) || ours.has(name) || named.has(name)) continue
    if (name === 'content-length' && !hasBody) continue
    forwarded[name] = value
  }
  return { ...forwarded, [requestIdHeader]: requestId }
}

/** The headers of a sandbox's answer that go to the client; those of `guard` replace the sandbox's own. */
export function forwardedResponseHeaders(
  headers: Headers,
  requestId: string,
  guard: Readonly<Record<string, string>> = harmless,
): Record<string, string> {
  const forwarded: Record<string, string> = {}
  const named = connectionHeaders(headers)
  for (const [name, value] of headers) {
    if (!hopByHopHeaders.has(name) && !theirs.has(name) && !named.has(name)) forwarded[name] = value
  }
  return { ...forwarded, ...guard, [requestIdHeader]: requestId }
}

/** Names that the Connection header declares to be of one hop only. */
function connectionHeaders(headers: Headers): ReadonlySet<string> {
  const names = (headers.get('connection') ?? '').split(',').map((name) => name.trim().toLowerCase())
  // A sender must not name these; one that does would cut off the framing of the body.
  return new Set(names.filter((name) => name !== 'content-length' && name !== 'content-type'))
}
