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
  genericTools,
  managerCalls,
  type ManagerCallBody,
  type ManagerCallData,
  type ManagerCallName,
  requestIdHeader,
} from '@runtime-sandbox/protocol'
import { HttpConnection } from './http-connection.ts'
import { errorOfResponse } from './response-error.ts'
import type { RemoteOptions } from './sandbox-options.ts'

/** Calls that change nothing, or nothing more when they come twice. */
const repeatableCalls: ReadonlySet<ManagerCallName> = new Set([
  'release',
  'get_status',
  'get_info',
  'check_health',
  'list_tools',
  'get_session_mapping',
  'list_session_keys',
])

const noSandbox =
  'No sandbox available. This may happen if: (1) the sandbox pool is exhausted, (2) max sandbox instances limit has been ' +
  'reached, or (3) sandbox container startup failed.'

type SendOptions = CallOptions & { toolTimeoutSeconds?: number | undefined }
type Answer<Data> = { data: Data; failure: SandboxError | undefined }

/** A server, spoken to over HTTP. */
export class HttpManager implements ManagerApi {
  readonly #connection: HttpConnection

  /** @throws SandboxError `invalid_argument` when no address is given, or a wrong one, or a number out of its range */
  constructor(options: RemoteOptions = {}) {
    this.#connection = new HttpConnection(options)
  }

  /** Of the server, without a slash at its end. */
  get baseUrl(): string {
    return this.#connection.baseUrl
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
    // Of other tools an argument of this name is their own affair.
    const limit = Object.hasOwn(genericTools, toolName) ? options.arguments?.['timeout'] : undefined
    const toolTimeoutSeconds = typeof limit === 'number' ? limit : undefined
    const body = { identity, tool_name: toolName, arguments: options.arguments ?? {} }
    const { data } = await this.#call('call_tool', body, { signal: options.signal, toolTimeoutSeconds })
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
    const repeatable = request.method === 'GET' && request.body === undefined
    return this.#connection.send({ path, init, repeatable, signal: request.signal, read: (response) => response })
  }

  async #call<Name extends ManagerCallName>(
    name: Name,
    body: ManagerCallBody<Name>,
    options: SendOptions,
  ): Promise<Answer<ManagerCallData<Name>>> {
    const init = { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }
    return this.#connection.send({
      path: `/${name}`,
      init,
      repeatable: repeatableCalls.has(name),
      read: (response, requestId) => readAnswer(name, response, requestId),
      ...options,
    })
  }
}

async function readAnswer<Name extends ManagerCallName>(
  name: Name,
  response: Response,
  requestId: string,
): Promise<Answer<ManagerCallData<Name>>> {
  if (!response.ok) throw await errorOfResponse(response, { requestId })
  const details = { requestId: response.headers.get(requestIdHeader) ?? requestId }
  const answer = (await response.json().catch((cause: unknown) => {
    throw new SandboxError('server_unreachable', 'The answer of the server broke off', { cause, details })
  })) as { data?: unknown; error?: unknown } | null
  const data = managerCalls[name].data.safeParse(answer?.data)
  if (!data.success) {
    throw new SandboxError('internal', `The server's answer to ${name} is not what the contract says`, { details })
  }
  return { data: data.data as ManagerCallData<Name>, failure: failureOf(answer?.error, details) }
}

function failureOf(value: unknown, details: Record<string, unknown>): SandboxError | undefined {
  const failure = failureSchema.safeParse(value).data
  if (!failure) return undefined
  return new SandboxError(isErrorCode(failure.code) ? failure.code : 'internal', failure.detail, { details })
}

function nameOf({ data, failure }: Answer<string | null>): string {
  if (data !== null) return data
  throw failure ?? new SandboxError('sandbox_start_failed', noSandbox)
}

function succeeded({ data, failure }: Answer<boolean>): boolean {
  if (failure) throw failure
  return data
}
