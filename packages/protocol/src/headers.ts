/** Headers that belong to one connection and are never passed on by a proxy (lower case). */
export const hopByHopHeaders: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'trailers',
  'transfer-encoding',
  'upgrade',
])

/** Headers that serverless engines route by: one sandbox, one instance. */
export function sessionAffinityHeaders(containerId: string): Record<string, string> {
  const session = `s${containerId}`
  return { 'x-agentrun-session-id': session, 'x-agentscope-runtime-session-id': session }
}

/** Request id that travels through all hops. */
export const requestIdHeader = 'x-request-id'

/** Of `list_tools` in a sandbox: names of the MCP servers whose tools are not known now, percent-encoded, separated by commas. */
export const mcpFailedServersHeader = 'x-mcp-failed-servers'
