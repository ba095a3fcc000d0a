import { request as httpRequest, type ClientRequest, type IncomingMessage } from 'node:http'
import { request as httpsRequest } from 'node:https'
import type { Duplex } from 'node:stream'
import { SandboxError, type CallOptions } from '@runtime-sandbox/core'
import { connectUnix } from './connect-unix.ts'
import { mapRuntimeError } from './map-error.ts'
import type { RuntimeEndpoint } from './runtime-connections.ts'

/** A WebSocket that a caller wants to a sandbox. */
export type SocketRequest = CallOptions & {
  /** `runtime`: below its prefix, with its token; `desktop`: whatever else the sandbox serves. */
  surface: 'runtime' | 'desktop'
  /** Behind the prefix or the root, without a leading slash. */
  path: string
  query?: string | undefined
  /** Of the opening request, in lower case: `sec-websocket-key` and the like. */
  headers: Readonly<Record<string, string>>
}

/** What the sandbox answered: with 101 there is a socket, whose bytes are the WebSocket's frames; else a body. */
export type SocketAnswer = {
  status: number
  /** As `[name, value]`, in order; without those of one connection. */
  headers: [name: string, value: string][]
  socket?: Duplex
  body?: Buffer
}

/** How long a sandbox may take to answer the opening. */
const openingMs = 10_000
const maxRefusalBytes = 64 * 1024
const perConnection = new Set(['connection', 'upgrade', 'keep-alive', 'transfer-encoding', 'content-length'])
const neverPassed = new Set(['set-cookie', 'set-cookie2', 'clear-site-data'])

/** @throws SandboxError `sandbox_unreachable`, or the signal's reason */
export async function dialSocket(
  endpoint: RuntimeEndpoint,
  { target, headers, signal }: CallOptions & { target: string; headers: Record<string, string> },
): Promise<SocketAnswer> {
  signal?.throwIfAborted()
  try {
    return await answerTo(await send(endpoint, target, headers), signal)
  } catch (error) {
    throw mapRuntimeError(error, endpoint.name, signal)
  }
}

async function send(
  endpoint: RuntimeEndpoint,
  target: string,
  headers: Record<string, string>,
): Promise<ClientRequest> {
  const { url } = endpoint
  if (url.startsWith('unix:')) {
    const socket = await connectUnix(url.slice('unix:'.length))
    return httpRequest({ createConnection: () => socket, host: 'sandbox', path: target, headers, agent: false })
  }
  const { protocol, hostname, port, pathname } = new URL(url)
  if (protocol !== 'http:' && protocol !== 'https:') {
    throw new SandboxError('sandbox_unreachable', 'the engine recorded no address for this sandbox')
  }
  const path = pathname.replace(/\/+$/, '') + target
  const options = { hostname: hostname.replace(/^\[(.*)\]$/, '$1'), port, path, headers, agent: false }
  return protocol === 'https:' ? httpsRequest(options) : httpRequest(options)
}

function answerTo(request: ClientRequest, signal: AbortSignal | undefined): Promise<SocketAnswer> {
  return new Promise<SocketAnswer>((resolve, reject) => {
    const abort = () => request.destroy(signal!.reason as Error)
    signal?.addEventListener('abort', abort, { once: true })
    const settle = () => signal?.removeEventListener('abort', abort)
    request.setTimeout(openingMs, () => request.destroy(new Error('no answer to the opening of a WebSocket')))
    request.once('error', (error) => (settle(), reject(error)))
    request.once('upgrade', (answer: IncomingMessage, socket: Duplex, head: Buffer) => {
      settle()
      request.setTimeout(0)
      if (head.length > 0) socket.unshift(head)
      resolve({ status: 101, headers: headersOf(answer), socket })
    })
    request.once('response', (answer) => {
      readRefusal(answer)
        .then((body) => resolve({ status: answer.statusCode ?? 502, headers: headersOf(answer), body }), reject)
        .finally(settle)
    })
    request.end()
  })
}

async function readRefusal(answer: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of answer as AsyncIterable<Buffer>) {
    bytes += chunk.length
    if (bytes > maxRefusalBytes) break
    chunks.push(chunk)
  }
  answer.destroy()
  return Buffer.concat(chunks)
}

function headersOf({ rawHeaders }: IncomingMessage): [string, string][] {
  const pairs: [string, string][] = []
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index]!.toLowerCase()
    if (!perConnection.has(name) && !neverPassed.has(name)) pairs.push([name, rawHeaders[index + 1]!])
  }
  return pairs
}
