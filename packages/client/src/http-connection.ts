import { SandboxError, type CallOptions } from '@runtime-sandbox/core'
import { requestIdHeader } from '@runtime-sandbox/protocol'
import { CallDeadline } from './call-deadline.ts'
import { environmentVariable } from './environment.ts'
import { errorOfResponse } from './response-error.ts'
import { defaultRetries, mayPass, retryPauseMs } from './retry-policy.ts'
import type { RemoteOptions } from './sandbox-options.ts'

const defaultRequestTimeoutMs = 300_000
/** How much longer than a tool's own time limit its answer may take: the sandbox may have to be restored before. */
const graceMs = 60_000
const mostRetries = 10

export type HttpRequest<Answer> = CallOptions & {
  /** With a leading slash, and the query. */
  path: string
  init: RequestInit
  /** Whether it may be sent again when it failed; never with a body that is a stream. */
  repeatable: boolean
  /** Makes the result of an answer, whatever its status; its time counts as the call's. Throws SandboxErrors only. */
  read: (response: Response, requestId: string) => Answer | Promise<Answer>
  /** Of a tool that was given a time limit of its own, seconds. */
  toolTimeoutSeconds?: number | undefined
}

/**
 * Requests to one server. The one place where they are repeated, and where they get the token, an id (the same for each attempt)
 * and a deadline (the same for all attempts).
 */
export class HttpConnection {
  readonly baseUrl: string
  readonly #bearerToken: string | undefined
  readonly #fetch: typeof fetch
  readonly #retries: number
  /** Undefined when the user said nothing of it. */
  readonly #timeoutMs: number | undefined

  /** @throws SandboxError `invalid_argument` when no address is given, or a wrong one, or a number out of its range */
  constructor(options: RemoteOptions) {
    this.baseUrl = addressOf(options.baseUrl ?? environmentVariable('RUNTIME_SANDBOX_BASE_URL'))
    this.#bearerToken = tokenOf(options.bearerToken ?? environmentVariable('RUNTIME_SANDBOX_BEARER_TOKEN'))
    this.#fetch = options.fetch ?? ((input, init) => fetch(input, init))
    this.#retries = options.retries ?? defaultRetries
    if (!Number.isInteger(this.#retries) || this.#retries < 0 || this.#retries > mostRetries) {
      throw new SandboxError('invalid_argument', `retries is a whole number from 0 to ${mostRetries}`)
    }
    const { requestTimeoutMs } = options
    if (requestTimeoutMs !== undefined && !(requestTimeoutMs > 0)) {
      throw new SandboxError('invalid_argument', 'requestTimeoutMs is a number of milliseconds above 0')
    }
    this.#timeoutMs = requestTimeoutMs ?? timeoutOfEnvironment()
  }

  /**
   * @throws SandboxError `server_unreachable`, `sandbox_timeout`; the reason of the caller's signal; what `read` throws
   */
  async send<Answer>(request: HttpRequest<Answer>): Promise<Answer> {
    const headers = new Headers(request.init.headers)
    const requestId = headers.get(requestIdHeader) ?? crypto.randomUUID()
    headers.set(requestIdHeader, requestId)
    if (this.#bearerToken) headers.set('authorization', `Bearer ${this.#bearerToken}`)
    const timeoutMs = this.#timeoutOf(request)
    // Without "using", which not every platform of the client knows.
    const deadline = new CallDeadline({ timeoutMs, signal: request.signal, requestId })
    try {
      return await this.#attempts(request, { headers, requestId, deadline })
    } finally {
      deadline.clear()
    }
  }

  async #attempts<Answer>(request: HttpRequest<Answer>, call: Call): Promise<Answer> {
    const retries = request.repeatable ? this.#retries : 0
    for (let attempt = 1; ; attempt++) {
      const pauseOf = (failure: unknown) =>
        retryPauseMs(failure, { attempt, retries, remainingMs: call.deadline.remainingMs })
      const outcome = await this.#attempt(request, call, pauseOf)
      if ('answer' in outcome) return outcome.answer
      await call.deadline.pause(outcome.pauseMs)
    }
  }

  /** @param pauseOf how long to wait before the next attempt; undefined when there is to be none */
  async #attempt<Answer>(
    request: HttpRequest<Answer>,
    { headers, requestId, deadline }: Call,
    pauseOf: (failure: unknown) => number | undefined,
  ): Promise<{ answer: Answer } | { pauseMs: number }> {
    try {
      const init: RequestInit = { ...request.init, headers, signal: deadline.signal, redirect: 'error' }
      const response = await this.#fetch(`${this.baseUrl}${request.path}`, init)
      const looked =
        request.repeatable && mayPass(response.status) ? await errorOfResponse(response.clone()) : undefined
      const pauseMs = pauseOf(looked)
      if (pauseMs === undefined) return { answer: await request.read(response, requestId) }
      response.body?.cancel().catch(() => {})
      return { pauseMs }
    } catch (thrown) {
      deadline.throwIfEnded()
      const failure = SandboxError.is(thrown) ? thrown : this.#unreachable(thrown, requestId)
      // An error answer has been looked at above.
      const pauseMs = failure.details['status'] === undefined ? pauseOf(failure) : undefined
      if (pauseMs === undefined) throw failure
      return { pauseMs }
    }
  }

  #unreachable(cause: unknown, requestId: string): SandboxError {
    return new SandboxError('server_unreachable', `No answer from ${this.baseUrl}`, { cause, details: { requestId } })
  }

  #timeoutOf({ toolTimeoutSeconds }: { toolTimeoutSeconds?: number | undefined }): number {
    if (toolTimeoutSeconds === undefined) return this.#timeoutMs ?? defaultRequestTimeoutMs
    return Math.max(toolTimeoutSeconds * 1000 + graceMs, this.#timeoutMs ?? 0)
  }
}

type Call = { headers: Headers; requestId: string; deadline: CallDeadline }

function addressOf(address: string | undefined): string {
  if (!address) {
    throw new SandboxError(
      'invalid_argument',
      'no server: give baseUrl, or set RUNTIME_SANDBOX_BASE_URL, or give a manager',
    )
  }
  if (!/^https?:\/\//.test(address) || !URL.canParse(address)) {
    throw new SandboxError('invalid_argument', `baseUrl is not an http(s) URL: ${address}`)
  }
  return address.replace(/\/+$/, '')
}

function tokenOf(token: string | undefined): string | undefined {
  // The platform's own complaint would show the token.
  if (token !== undefined && !/^[\x20-\x7e]*$/.test(token)) {
    throw new SandboxError('invalid_argument', 'bearerToken has characters that a header cannot carry')
  }
  return token
}

/** Where calls may take longer than usual, as the server's operator says with RUNTIME_SANDBOX_TIMEOUT, answers are waited for longer too. */
function timeoutOfEnvironment(): number | undefined {
  const seconds = Number(environmentVariable('RUNTIME_SANDBOX_TIMEOUT'))
  const timeoutMs = seconds * 1000 + graceMs
  return timeoutMs > defaultRequestTimeoutMs ? timeoutMs : undefined
}
