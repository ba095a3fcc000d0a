import { mkdtemp, rm } from 'node:fs/promises'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { runtimePrefix } from '@runtime-sandbox/protocol'
import { answerAsRuntime, type FakeRuntimeRequest, type FakeRuntimeResponse } from './fake-runtime-routes.ts'

/** `healthy` answers 200, `failing` 503; `silent` does not answer until it is something else. */
export type FakeHealth = 'healthy' | 'failing' | 'silent'

export type FakeRuntimeOptions = {
  /** The SECRET_TOKEN that every request must carry. */
  token: string
  /** Whether to listen on a Unix socket; default: a free port of 127.0.0.1. */
  unix?: boolean
  health?: FakeHealth
  /** Asked first on every request that carries the token; undefined = as a sandbox would answer. */
  respond?: FakeResponder | undefined
}

export type FakeResponder = (
  request: FakeRuntimeRequest,
) => FakeRuntimeResponse | undefined | Promise<FakeRuntimeResponse | undefined>

/** A sandbox's front door in this process: speaks the wire of a runtime, does nothing. */
export type FakeRuntime = AsyncDisposable & {
  /** As in Container.url: `http://127.0.0.1:port` or `unix:/path`. */
  readonly url: string
  /** As in Container.ports. */
  readonly ports: readonly number[]
  /** Requests that carried the token, oldest first, health checks included. */
  readonly requests: readonly FakeRuntimeRequest[]
  health: FakeHealth
  respond: FakeResponder | undefined
  /** Ends it as a crash would: connections break. Idempotent. */
  close(): Promise<void>
}

/** Starts one; it listens when the promise resolves. */
export async function createFakeRuntime({ unix = false, ...options }: FakeRuntimeOptions): Promise<FakeRuntime> {
  const directory = unix ? await mkdtemp(join(tmpdir(), 'fake-runtime-')) : undefined
  const server = createServer()
  const socket = directory && join(directory, 'runtime.sock')
  await listen(server, socket)
  const { port } = socket ? { port: 0 } : (server.address() as AddressInfo)
  return new HttpFakeRuntime(server, options, socket ? { socket, directory } : { port })
}

type Address = { socket: string; directory: string } | { port: number }

class HttpFakeRuntime implements FakeRuntime {
  readonly url: string
  readonly ports: readonly number[]
  readonly requests: FakeRuntimeRequest[] = []
  respond: FakeResponder | undefined
  readonly #server: Server
  readonly #token: string
  readonly #directory: string | undefined
  #health: FakeHealth
  #healthChanged = Promise.withResolvers<void>()

  constructor(server: Server, { token, health = 'healthy', respond }: FakeRuntimeOptions, address: Address) {
    this.url = 'port' in address ? `http://127.0.0.1:${address.port}` : `unix:${address.socket}`
    this.ports = 'port' in address ? [address.port] : []
    this.#directory = 'port' in address ? undefined : address.directory
    this.#server = server
    this.#token = token
    this.#health = health
    this.respond = respond
    server.on('request', (request: IncomingMessage, response: ServerResponse) => {
      this.#serve(request, response).catch(() => response.destroy())
    })
  }

  get health(): FakeHealth {
    return this.#health
  }

  set health(health: FakeHealth) {
    this.#health = health
    this.#healthChanged.resolve()
    this.#healthChanged = Promise.withResolvers()
  }

  async close(): Promise<void> {
    if (this.#server.listening) {
      const closed = new Promise((resolve) => this.#server.close(resolve))
      this.#server.closeAllConnections()
      await closed
    }
    if (this.#directory) await rm(this.#directory, { recursive: true, force: true })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  async #serve(message: IncomingMessage, response: ServerResponse): Promise<void> {
    const refusal = refuse(message.headers.authorization, this.#token)
    if (refusal !== undefined) return send(response, { status: 403, body: { detail: refusal } })
    const request = await readRequest(message)
    this.requests.push(request)
    const own = await this.respond?.(request)
    if (own) return send(response, own)
    if (request.path === '/healthz') await this.#untilHealthKnown()
    if (request.path === '/healthz' && this.#health === 'failing') return send(response, { status: 503 })
    send(response, answerAsRuntime(request))
  }

  async #untilHealthKnown(): Promise<void> {
    while (this.#health === 'silent') await this.#healthChanged.promise
  }
}

async function listen(server: Server, socket: string | undefined): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    if (socket) server.listen(socket, resolve)
    else server.listen(0, '127.0.0.1', resolve)
  })
}

// The words of the wire contract.
function refuse(authorization: string | undefined, token: string): string | undefined {
  if (!authorization?.startsWith('Bearer ')) return 'Missing or invalid authorization header'
  return authorization === `Bearer ${token}` ? undefined : 'Invalid secret token'
}

async function readRequest(message: IncomingMessage): Promise<FakeRuntimeRequest> {
  const chunks: Buffer[] = []
  for await (const chunk of message as AsyncIterable<Buffer>) chunks.push(chunk)
  const [path = '', query = ''] = (message.url ?? '').split('?', 2)
  return {
    method: message.method ?? '',
    path: path.startsWith(`${runtimePrefix}/`) ? path.slice(runtimePrefix.length) : path,
    query,
    headers: message.headers,
    body: Buffer.concat(chunks),
  }
}

function send(response: ServerResponse, { status = 200, headers = {}, body = '' }: FakeRuntimeResponse): void {
  const text = typeof body === 'string' ? body : JSON.stringify(body)
  const type = typeof body === 'string' ? 'text/plain; charset=utf-8' : 'application/json'
  response.writeHead(status, { 'content-type': type, ...headers }).end(text)
}
