import type { Client } from '@modelcontextprotocol/sdk/client/index.js'
import type { Tool } from '@modelcontextprotocol/sdk/types.js'
import type { McpServerConfig, McpServerInfo } from '@runtime-sandbox/protocol'
import { McpFailure } from './mcp-failure.ts'
import { openConnection, startLimitMs, type McpConnection, type McpLaunch } from './open-connection.ts'
import type * as Sdk from './mcp-sdk.ts'

export type CallOptions = { timeoutMs: number; signal: AbortSignal }

type Connected = { client: Client; connection: McpConnection; tools: Promise<Tool[]> | undefined }

/** A server that tells more tools than this is not believed. */
const maxTools = 10_000
const firstRetryMs = 1000
const longestRetryMs = 60_000

/**
 * One MCP server: started or connected, its tools remembered until it says that they changed. One that ends is started again by
 * the next call that needs it, with a growing pause after failures.
 */
export class McpServer {
  readonly name: string
  readonly config: McpServerConfig
  readonly #launch: McpLaunch
  #connected: Connected | undefined
  #starting: Promise<Connected> | undefined
  #error: string | undefined
  #failures = 0
  #retryAt = 0
  #closed = false

  constructor(name: string, config: McpServerConfig, launch: McpLaunch) {
    this.name = name
    this.config = config
    this.#launch = launch
  }

  /** Resolves when it is initialised and its tools are known. @throws McpFailure */
  async start(): Promise<void> {
    const connected = await this.#connect()
    await this.#toolsOf(connected)
  }

  /** @throws McpFailure when it does not run and cannot be started */
  async tools(): Promise<Tool[]> {
    return this.#toolsOf(await this.#ready())
  }

  /** Its answer as it came. @throws McpFailure, McpError of the server, or the signal's reason */
  async call(tool: string, values: Record<string, unknown>, { timeoutMs, signal }: CallOptions) {
    const { client } = await this.#ready()
    const { ResultSchema } = await import('./mcp-sdk.ts')
    const request = { method: 'tools/call' as const, params: { name: tool, arguments: values } }
    return client.request(request, ResultSchema, { timeout: timeoutMs, signal })
  }

  get info(): McpServerInfo {
    const { url, type } = this.config
    const transport = url === undefined ? 'stdio' : type?.startsWith('streamable') ? 'streamable_http' : 'sse'
    const state = this.#connected ? 'ready' : this.#starting ? 'starting' : 'failed'
    return { name: this.name, transport, state, error: state === 'failed' ? (this.#error ?? null) : null }
  }

  /** Ends it and starts it again, whatever its pause. @throws McpFailure */
  async restart(): Promise<void> {
    await this.#end()
    this.#retryAt = 0
    await this.start()
  }

  /** Ends it for good. Idempotent. */
  async close(): Promise<void> {
    this.#closed = true
    await this.#end()
  }

  async #end(): Promise<void> {
    await this.#starting?.catch(() => {})
    const connected = this.#connected
    this.#connected = undefined
    if (!connected) return
    await connected.connection.kill()
  }

  async #ready(): Promise<Connected> {
    if (this.#connected) return this.#connected
    const waitMs = this.#retryAt - performance.now()
    if (waitMs > 0 && !this.#starting) {
      throw new McpFailure(`MCP server '${this.name}' does not run: ${this.#error ?? 'it ended'}`)
    }
    return this.#connect()
  }

  #connect(): Promise<Connected> {
    if (this.#closed) return Promise.reject(new McpFailure(`MCP server '${this.name}' was removed`))
    return (this.#starting ??= this.#connectNow().finally(() => (this.#starting = undefined)))
  }

  async #connectNow(): Promise<Connected> {
    const sdk = await import('./mcp-sdk.ts')
    const connection = openConnection(this.config, this.#launch, sdk)
    const client = new sdk.Client({ name: 'runtime-sandbox', version: '1' })
    const limitMs = startLimitMs(this.config)
    try {
      await withLimit(client.connect(connection.transport, { timeout: limitMs }), limitMs)
    } catch (error) {
      const words = connection.lastWords()
      await connection.kill()
      throw this.#failed(error, words)
    }
    const connected: Connected = { client, connection, tools: undefined }
    this.#connected = connected
    this.#failures = 0
    // oxlint-disable-next-line unicorn/prefer-add-event-listener -- the SDK's client is no event target
    client.onclose = () => this.#ended(connected)
    client.setNotificationHandler(sdk.ToolListChangedNotificationSchema, () => void (connected.tools = undefined))
    return connected
  }

  #failed(error: unknown, words: string): McpFailure {
    this.#failures += 1
    this.#retryAt = performance.now() + Math.min(longestRetryMs, firstRetryMs * 2 ** (this.#failures - 1))
    this.#error = [(error as Error).message, words].filter(Boolean).join('\n')
    return new McpFailure(`MCP server '${this.name}' did not start: ${this.#error}`, { cause: error })
  }

  #ended(connected: Connected): void {
    if (this.#connected !== connected) return
    this.#connected = undefined
    const words = connected.connection.lastWords()
    this.#failed(new Error('it ended by itself'), words)
    // What it started may live on without it.
    void connected.connection.kill()
  }

  #toolsOf(connected: Connected): Promise<Tool[]> {
    connected.tools ??= this.#listTools(connected.client).catch((error: unknown) => {
      connected.tools = undefined
      throw new McpFailure(`MCP server '${this.name}' cannot list its tools: ${(error as Error).message}`)
    })
    return connected.tools
  }

  async #listTools(client: Client): Promise<Tool[]> {
    if (!client.getServerCapabilities()?.tools) return []
    const { ListToolsResultSchema } = (await import('./mcp-sdk.ts')) satisfies typeof Sdk
    const tools: Tool[] = []
    let cursor: string | undefined
    do {
      const request = { method: 'tools/list' as const, params: cursor === undefined ? {} : { cursor } }
      const page = await client.request(request, ListToolsResultSchema, { timeout: startLimitMs(this.config) })
      tools.push(...page.tools)
      if (tools.length > maxTools) throw new Error(`more than ${maxTools} tools`)
      cursor = page.nextCursor
    } while (cursor !== undefined)
    return tools
  }
}

/** Not every transport keeps to a limit while it dials. */
async function withLimit(work: Promise<void>, limitMs: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const limit = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`not initialised within ${limitMs / 1000} s`)), limitMs)
  })
  work.catch(() => {})
  try {
    await Promise.race([work, limit])
  } finally {
    clearTimeout(timer)
  }
}
