import type { IncomingMessage } from 'node:http'
import { SandboxError } from '@runtime-sandbox/core'
import { parseSandboxTarget, type SandboxTarget } from './sandbox-target.ts'

/** The opening of a WebSocket to a sandbox, well-formed. */
export type SocketOpening = {
  surface: 'runtime' | 'desktop'
  target: SandboxTarget
  headers: Headers
}

const keyPattern = /^[A-Za-z0-9+/]{22}==$/
/** Where desktops speak, when the path names no other place. */
const desktopSocket = 'websockify'

/** @throws SandboxError `route_not_found`, `invalid_argument` */
export function parseOpening(request: IncomingMessage): SocketOpening {
  const { url = '/', method } = request
  const headers = headersOf(request)
  const proxied = parseSandboxTarget(url, 'proxy')
  const target = proxied ?? parseSandboxTarget(url, 'desktop')
  if (!target) throw new SandboxError('route_not_found', 'Not Found')
  const isWebSocket = method === 'GET' && headers.get('upgrade')?.toLowerCase() === 'websocket'
  if (!isWebSocket) throw new SandboxError('invalid_argument', 'Only WebSockets can be opened here')
  if (headers.get('sec-websocket-version') !== '13' || !keyPattern.test(headers.get('sec-websocket-key') ?? '')) {
    throw new SandboxError('invalid_argument', 'Not the opening of a WebSocket of version 13')
  }
  if (proxied) return { surface: 'runtime', target, headers }
  return { surface: 'desktop', target: { ...target, path: target.path || desktopSocket }, headers }
}

function headersOf({ headers }: IncomingMessage): Headers {
  const entries = Object.entries(headers).flatMap(([name, value]) => [value ?? []].flat().map((one) => [name, one]))
  return new Headers(entries as [string, string][])
}
