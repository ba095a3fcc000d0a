import { Readable } from 'node:stream'
import type { ReadableStream as NodeReadableStream } from 'node:stream/web'
import type { Dispatcher } from 'undici'
import { SandboxError, type CallOptions, type Clock, type RuntimeRequest } from '@runtime-sandbox/core'
import { requestIdHeader, sessionAffinityHeaders } from '@runtime-sandbox/protocol'
import { requestHeaders, responseHeaders, socketHeaders } from './forward-headers.ts'
import { linkedAbort } from '../linked-abort.ts'
import { mapRuntimeError } from './map-error.ts'
import { readBounded } from './read-bounded.ts'
import { RuntimeConnections, type RuntimeEndpoint } from './runtime-connections.ts'
import { desktopTarget, runtimeTarget } from './runtime-path.ts'
import { dialSocket, type SocketAnswer, type SocketRequest } from './dial-socket.ts'
import { webStream } from './web-stream.ts'

/** What the runtime answered, whatever its status. */
export type RuntimeAnswer = { status: number; text: string }

export type RuntimeCallOptions = CallOptions & {
  method: 'GET' | 'POST'
  /** Behind the runtime's prefix, without a leading slash. */
  path: string
  /** Sent as JSON. */
  body?: unknown
  /** After this the connection is cut, so that the runtime ends what it does. */
  timeoutMs: number
}

const maxAnswerBytes = 64 * 2 ** 20
/** How long the runtime may take beyond a call's own limit, to end the work itself and tell what it got. */
export const callGraceMs = 5000
/** Pause in a streamed answer after which the sandbox counts as gone. */
const streamIdleMs = 300_000
const methods = new Set(['GET', 'POST', 'PUT', 'DELETE', 'PATCH'])
const statusesWithoutBody = new Set([204, 205, 304])

/** Talks HTTP to the runtimes in sandboxes. Every failure is a SandboxError, or the reason of the caller's own signal. */
export class RuntimeClient {
  readonly #clock: Clock
  readonly #requestId: () => string | undefined
  readonly connections = new RuntimeConnections()

  /** @param options `requestId`: of the request that is being served now */
  constructor(
    clock: Clock,
    { requestId = () => undefined }: { requestId?: (() => string | undefined) | undefined } = {},
  ) {
    this.#clock = clock
    this.#requestId = requestId
  }

  /** One call with a bounded answer. @throws `sandbox_timeout`, `sandbox_unreachable`, `payload_too_large` */
  async call(endpoint: RuntimeEndpoint, options: RuntimeCallOptions): Promise<RuntimeAnswer> {
    using limit = linkedAbort([options.signal])
    const timer = this.#clock.after(options.timeoutMs, () => limit.abort(timeoutError(endpoint, options.timeoutMs)))
    try {
      const json = options.body === undefined ? undefined : JSON.stringify(options.body)
      const answer = await this.#dispatch(endpoint, {
        method: options.method,
        path: runtimeTarget(options.path),
        headers: this.#ownHeaders(endpoint, json === undefined ? {} : { 'content-type': 'application/json' }),
        body: json ?? null,
        signal: limit.signal,
      })
      return { status: answer.statusCode, text: await readBounded(answer.body, maxAnswerBytes) }
    } catch (error) {
      throw mapRuntimeError(error, endpoint.name, limit.signal)
    } finally {
      timer.cancel()
    }
  }

  /** Whether the runtime answers its health check; false also when it does not answer at all. */
  async isHealthy(endpoint: RuntimeEndpoint, { timeoutMs, signal }: CallOptions & { timeoutMs: number }) {
    try {
      return (await this.call(endpoint, { method: 'GET', path: 'healthz', timeoutMs, signal })).status === 200
    } catch (error) {
      if (signal?.aborted) throw error
      return false
    }
  }

  /**
   * Streams a request in and its answer out, unchanged but for the headers that belong to one connection.
   *
   * @param onEnd called once, when the whole answer was read or the exchange has failed
   */
  fetch(endpoint: RuntimeEndpoint, request: RuntimeRequest, onEnd: () => void = () => {}): Promise<Response> {
    const target = () => runtimeTarget(request.path, request.query)
    return this.#exchange(endpoint, request, { target, own: this.#ownHeaders(endpoint) }, onEnd)
  }

  /** The same for what else a sandbox serves on its port; the runtime's token is not sent. */
  fetchDesktop(endpoint: RuntimeEndpoint, request: RuntimeRequest, onEnd: () => void = () => {}): Promise<Response> {
    const target = () => desktopTarget(request.path, request.query)
    return this.#exchange(endpoint, request, { target, own: sessionAffinityHeaders(endpoint.containerId) }, onEnd)
  }

  /** Opens a WebSocket, to the runtime or to what else the sandbox serves. Ends with the sandbox. */
  async openSocket(
    endpoint: RuntimeEndpoint,
    { surface, path, query, headers, signal }: SocketRequest,
  ): Promise<SocketAnswer> {
    const isRuntime = surface === 'runtime'
    const target = (isRuntime ? runtimeTarget : desktopTarget)(path, query)
    const own = isRuntime ? this.#ownHeaders(endpoint) : sessionAffinityHeaders(endpoint.containerId)
    const answer = await dialSocket(endpoint, { target, headers: socketHeaders(headers, own), signal })
    if (answer.socket) this.connections.hold(endpoint.name, answer.socket)
    return answer
  }

  async #exchange(
    endpoint: RuntimeEndpoint,
    request: RuntimeRequest,
    { target, own }: { target: () => string; own: Record<string, string> },
    onEnd: () => void,
  ): Promise<Response> {
    const method = request.method.toUpperCase()
    const { body, signal } = request
    try {
      if (!methods.has(method)) throw new SandboxError('method_not_allowed', `${method} is not passed on to sandboxes`)
      const answer = await this.#dispatch(endpoint, {
        method,
        path: target(),
        headers: requestHeaders(request.headers ?? {}, own, body !== undefined),
        body: body instanceof ReadableStream ? nodeStream(body) : (body ?? null),
        signal: signal ?? null,
        headersTimeout: endpoint.timeoutSeconds * 1000 + callGraceMs,
        bodyTimeout: streamIdleMs,
      })
      answer.body.once('close', onEnd)
      return responseOf(answer, endpoint.name)
    } catch (error) {
      onEnd()
      throw mapRuntimeError(error, endpoint.name, signal)
    }
  }

  #ownHeaders(endpoint: RuntimeEndpoint, more: Record<string, string> = {}): Record<string, string> {
    const requestId = this.#requestId()
    return {
      authorization: `Bearer ${endpoint.runtimeToken}`,
      ...sessionAffinityHeaders(endpoint.containerId),
      ...(requestId !== undefined && { [requestIdHeader]: requestId }),
      ...more,
    }
  }

  #dispatch(endpoint: RuntimeEndpoint, options: Dispatcher.RequestOptions): Promise<Dispatcher.ResponseData> {
    const { pool, basePath } = this.connections.open(endpoint)
    return pool.request({ ...options, path: `${basePath}${options.path}` })
  }
}

function responseOf({ statusCode, headers, body }: Dispatcher.ResponseData, name: string): Response {
  if (statusCode < 200 || statusCode > 599) {
    body.on('error', () => {}).destroy()
    throw new SandboxError('sandbox_unreachable', `sandbox ${name} answered with status ${statusCode}`)
  }
  const init = { status: statusCode, headers: responseHeaders(headers) }
  if (statusesWithoutBody.has(statusCode)) {
    body.on('error', () => {}).resume()
    return new Response(null, init)
  }
  return new Response(
    webStream(body, (error) => mapRuntimeError(error, name)),
    init,
  )
}

function nodeStream(body: ReadableStream<Uint8Array>): Readable {
  // A request that fails before its body is sent destroys the body, with nobody listening yet.
  return Readable.fromWeb(body as NodeReadableStream).on('error', () => {})
}

function timeoutError({ name }: RuntimeEndpoint, timeoutMs: number): SandboxError {
  return new SandboxError('sandbox_timeout', `sandbox ${name} did not answer within ${timeoutMs / 1000} s`)
}
