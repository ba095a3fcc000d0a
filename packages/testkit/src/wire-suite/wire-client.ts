import { expect } from 'vitest'
import type { WireUnderTest } from './wire-under-test.ts'

/** What a call answered, as it came. */
export type WireAnswer<Data = unknown> = {
  status: number
  headers: Headers
  body: { data?: Data; detail?: string; error?: { code: string; detail: string }; [key: string]: unknown }
}

export type CallInit = { token?: string | undefined; headers?: Record<string, string>; method?: string }

/** Speaks to the server with nothing in between. */
export class WireClient {
  readonly #server: WireUnderTest

  constructor(server: WireUnderTest) {
    this.#server = server
  }

  /** `POST /<name>`; a text is sent as it is, anything else as JSON. */
  async call<Data = unknown>(name: string, body: unknown, init: CallInit = {}): Promise<WireAnswer<Data>> {
    const response = await this.fetch(`/${name}`, {
      method: 'POST',
      body: typeof body === 'string' ? body : JSON.stringify(body),
      ...init,
    })
    const { status, headers } = response
    return { status, headers, body: (await response.json()) as WireAnswer<Data>['body'] }
  }

  /** `data` of a call that must succeed. */
  async data<Data = unknown>(name: string, body: unknown = {}): Promise<Data> {
    const answer = await this.call<Data>(name, body)
    expect(answer.status, `${name}: ${JSON.stringify(answer.body)}`).toBe(200)
    expect(answer.body).toHaveProperty('data')
    return answer.body.data as Data
  }

  /** Any request; `token: undefined` sends none. */
  fetch(path: string, { headers = {}, ...init }: RequestInit & CallInit = {}): Promise<Response> {
    const token = 'token' in init ? init.token : this.#server.token
    const authorization = token === undefined ? {} : { authorization: `Bearer ${token}` }
    return fetch(this.#server.baseUrl + path, { ...init, headers: { ...authorization, ...(headers as object) } })
  }

  /** Name of a new sandbox, of a session of its own. */
  async sandbox(session: string = crypto.randomUUID()): Promise<string> {
    return this.data<string>('create_from_pool', { sandbox_type: 'base', meta: { session_ctx_id: session } })
  }

  /** Runs a shell command in a sandbox. */
  async shell(identity: string, command: string) {
    type Result = { content: { text: string; description: string }[]; isError: boolean; [key: string]: unknown }
    return this.data<Result>('call_tool', { identity, tool_name: 'run_shell_command', arguments: { command } })
  }
}
