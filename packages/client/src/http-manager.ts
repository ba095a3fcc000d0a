import {
  SandboxError,
  isErrorCode,
  type AddMcpServersOptions,
  type CallOptions,
  type CallToolOptions,
  type CreateFromPoolOptions,
  type CreateOptions,
  type ListToolsOptions,
  type ManagerApi,
  type RuntimeRequest,
  type SandboxRecord,
  type ToolMap,
  type ToolResult,
} from '@runtime-sandbox/core'
import {
  decodeRecord,
  failureSchema,
  managerCalls,
  type ManagerCallBody,
  type ManagerCallData,
  type ManagerCallName,
} from '@runtime-sandbox/protocol'
import { environmentVariable } from './environment.ts'
import { errorOfResponse } from './response-error.ts'
import type { RemoteOptions } from './sandbox-options.ts'

const defaultRequestTimeoutMs = 300_000
/** How much longer than a tool's own time limit its answer may take. */
const toolGraceMs = 30_000

const noSandbox =
  'No sandbox available. This may happen if: (1) the sandbox pool is exhausted, (2) max sandbox instances limit has been ' +
  'reached, or (3) sandbox container startup failed.'

type SendOptions = CallOptions & { timeoutMs?: number | undefined }
type Answer<Data> = { data: Data; failure: SandboxError | undefined }

/** A server, spoken to over HTTP. */
export class HttpManager implements ManagerApi {
  readonly #baseUrl: string
  readonly #bearerToken: string | undefined
  readonly #fetch: typeof fetch
  readonly #timeoutMs: number

  /** @throws SandboxError `invalid_argument` when no address is given, or a wrong one */
  constructor(options: RemoteOptions = {}) {
    const address = options.baseUrl ?? environmentVariable('RUNTIME_SANDBOX_BASE_URL')
    if (!address) {
      throw new SandboxError(
        'invalid_argument',
        'no server: give baseUrl, or set RUNTIME_SANDBOX_BASE_URL, or give a manager',
      )
    }
    if (!/^https?:\/\//.test(address) || !URL.canParse(address)) {
      throw new SandboxError('invalid_argument', `baseUrl is not an http(s) URL: ${address}`)
    }
    this.#baseUrl = address.replace(/\/+$/, '')
    this.#bearerToken = options.bearerToken ?? environmentVariable('RUNTIME_SANDBOX_BEARER_TOKEN')
    this.#fetch = options.fetch ?? ((input, init) => fetch(input, init))
    this.#timeoutMs = options.requestTimeoutMs ?? defaultRequestTimeoutMs
  }

  async createFromPool({ sandboxType, meta, signal }: CreateFromPoolOptions = {}): Promise<string> {
    const answer = await this.#call('create_from_pool', { sandbox_type: sandboxType, meta }, { signal })
    return nameOf(answer)
  }

  async create({ sandboxType, meta, mountDir, storagePath, environment, signal }: CreateOptions = {}): Promise<string> {
    const body = { sandbox_type: sandboxType, meta, mount_dir: mountDir, storage_path: storagePath, environment }
    return nameOf(await this.#call('create', body, { signal }))
  }

  async release(identity: string, { signal }: CallOptions = {}): Promise<boolean> {
    return succeeded(await this.#call('release', { identity }, { signal }))
  }

  async start(identity: string, { signal }: CallOptions = {}): Promise<void> {
    const answer = await this.#call('start', { identity }, { signal })
    if (!succeeded(answer)) throw new SandboxError('sandbox_not_running', `Sandbox ${identity} could not be started`)
  }

  async stop(identity: string, { signal }: CallOptions = {}): Promise<void> {
    const answer = await this.#call('stop', { identity }, { signal })
    if (!succeeded(answer)) throw new SandboxError('sandbox_not_running', `Sandbox ${identity} could not be stopped`)
  }

  async getStatus(identity: string, { signal }: CallOptions = {}): Promise<string | undefined> {
    return (await this.#call('get_status', { identity }, { signal })).data ?? undefined
  }

  async getInfo(identity: string, { signal }: CallOptions = {}): Promise<SandboxRecord> {
    return decodeRecord((await this.#call('get_info', { identity }, { signal })).data)
  }

  async checkHealth(identity: string, { signal }: CallOptions = {}): Promise<boolean> {
    return (await this.#call('check_health', { identity }, { signal })).data
  }

  async listTools(identity: string, { toolType, signal }: ListToolsOptions = {}): Promise<ToolMap> {
    return (await this.#call('list_tools', { identity, tool_type: toolType }, { signal })).data
  }

  async callTool(identity: string, toolName: string, options: CallToolOptions = {}): Promise<ToolResult> {
    const limit = options.arguments?.['timeout']
    const timeoutMs = typeof limit === 'number' ? Math.max(this.#timeoutMs, limit * 1000 + toolGraceMs) : undefined
    const body = { identity, tool_name: toolName, arguments: options.arguments ?? {} }
    const { data } = await this.#call('call_tool', body, { signal: options.signal, timeoutMs })
    if (data === null) throw new SandboxError('not_supported', `The sandbox has no tool ${toolName}`)
    return data as ToolResult
  }

  async addMcpServers(
    identity: string,
    serverConfigs: Record<string, unknown>,
    { overwrite = false, signal }: AddMcpServersOptions = {},
  ): Promise<string | ToolResult> {
    const body = { identity, server_configs: serverConfigs, overwrite } as ManagerCallBody<'add_mcp_servers'>
    return (await this.#call('add_mcp_servers', body, { signal })).data as string | ToolResult
  }

  async getSessionMapping(sessionContextId: string, { signal }: CallOptions = {}): Promise<string[]> {
    return (await this.#call('get_session_mapping', { session_ctx_id: sessionContextId }, { signal })).data
  }

  async listSessionKeys({ signal }: CallOptions = {}): Promise<string[]> {
    return (await this.#call('list_session_keys', {}, { signal })).data
  }

  async cleanup({ signal }: CallOptions = {}): Promise<void> {
    await this.#call('cleanup', {}, { signal })
  }

  async fetchRuntime(identity: string, request: RuntimeRequest): Promise<Response> {
    const path = `/proxy/${encodeURIComponent(identity)}/${request.path}${request.query ? `?${request.query}` : ''}`
    const init: RequestInit & { duplex?: 'half' } = { method: request.method, headers: request.headers ?? {} }
    if (request.body !== undefined) {
      init.body = request.body as NonNullable<RequestInit['body']>
      init.duplex = 'half'
    }
    return this.#send(path, init, { signal: request.signal })
  }

  async #call<Name extends ManagerCallName>(
    name: Name,
    body: ManagerCallBody<Name>,
    options: SendOptions,
  ): Promise<Answer<ManagerCallData<Name>>> {
    const init = { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }
    const response = await this.#send(`/${name}`, init, options)
    if (!response.ok) throw await errorOfResponse(response)
    const answer = await jsonOf(response, options)
    const data = managerCalls[name].data.safeParse(answer.data)
    if (!data.success)
      throw new SandboxError('internal', `The server's answer to ${name} is not what the contract says`)
    return { data: data.data as ManagerCallData<Name>, failure: failureOf(answer.error) }
  }

  async #send(
    path: string,
    init: RequestInit,
    { signal, timeoutMs = this.#timeoutMs }: SendOptions,
  ): Promise<Response> {
    const timeout = new AbortController()
    const timer = setTimeout(() => {
      timeout.abort(new SandboxError('sandbox_timeout', `The server did not answer within ${timeoutMs} ms`))
    }, timeoutMs)
    const headers = new Headers(init.headers)
    if (this.#bearerToken) headers.set('authorization', `Bearer ${this.#bearerToken}`)
    try {
      const abort = signal ? AbortSignal.any([signal, timeout.signal]) : timeout.signal
      return await this.#fetch(`${this.#baseUrl}${path}`, { ...init, headers, signal: abort, redirect: 'error' })
    } catch (error) {
      if (signal?.aborted) throw signal.reason
      if (SandboxError.is(error)) throw error
      throw new SandboxError('server_unreachable', `No answer from ${this.#baseUrl}`, { cause: error })
    } finally {
      clearTimeout(timer)
    }
  }
}

async function jsonOf(response: Response, { signal }: CallOptions): Promise<{ data?: unknown; error?: unknown }> {
  try {
    return (await response.json()) as { data?: unknown; error?: unknown }
  } catch (error) {
    if (signal?.aborted) throw signal.reason
    throw new SandboxError('server_unreachable', 'The answer of the server broke off', { cause: error })
  }
}

function failureOf(value: unknown): SandboxError | undefined {
  const failure = failureSchema.safeParse(value).data
  if (!failure) return undefined
  return new SandboxError(isErrorCode(failure.code) ? failure.code : 'internal', failure.detail)
}

function nameOf({ data, failure }: Answer<string | null>): string {
  if (data !== null) return data
  throw failure ?? new SandboxError('sandbox_start_failed', noSandbox)
}

function succeeded({ data, failure }: Answer<boolean>): boolean {
  if (failure) throw failure
  return data
}
