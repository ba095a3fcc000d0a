import {
  SandboxError,
  type AddMcpServersOptions,
  type CallOptions,
  type CallToolOptions,
  type ListToolsOptions,
  type SandboxRecord,
  type ToolMap,
  type ToolResult,
} from '@runtime-sandbox/core'
import { addMcpServersBody, genericTools, toolMapSchema, toolResultSchema } from '@runtime-sandbox/protocol'
import type { ManagerContext } from '../manager-context.ts'
import type { SandboxFinder } from '../records/find-sandbox.ts'
import { callGraceMs, type RuntimeAnswer } from '../runtime/runtime-client.ts'
import type { ActiveSandboxes } from '../sessions/active-sandboxes.ts'
import { genericToolBody, isGenericTool } from './generic-tool-arguments.ts'
import { assertOwnRuntime, failedToolResult, failureText, jsonOf } from './runtime-failure.ts'

const healthTimeoutMs = 5000

/** Calls to the programs inside sandboxes. Each costs one read of the record and one note of the session's activity. */
export class SandboxTools {
  readonly #context: ManagerContext
  readonly #finder: SandboxFinder
  readonly #active: ActiveSandboxes

  constructor(context: ManagerContext, { finder, active }: { finder: SandboxFinder; active: ActiveSandboxes }) {
    this.#context = context
    this.#finder = finder
    this.#active = active
  }

  async callTool(
    identity: string,
    tool: string,
    { arguments: given = {}, signal }: CallToolOptions,
  ): Promise<ToolResult> {
    const generic = isGenericTool(tool)
    const body = generic ? genericToolBody(tool, given) : { tool_name: tool, arguments: given }
    const seconds = generic ? (body as { timeout?: number }).timeout : undefined
    using inUse = await this.#active.use(identity, { signal })
    const { record } = inUse
    const path = generic ? `tools/${tool}` : 'mcp/call_tool'
    const answer = await this.#call(record, { method: 'POST', path, body, seconds, signal })
    if (answer.status >= 400) return failedToolResult(answer)
    const result = jsonOf(answer, record.name) as ToolResult
    if (!toolResultSchema.safeParse(result).success) throw malformed(record)
    return result
  }

  async listTools(identity: string, { toolType, signal }: ListToolsOptions): Promise<ToolMap> {
    using inUse = await this.#active.use(identity, { signal })
    const { record } = inUse
    const answer = await this.#call(record, { method: 'GET', path: 'mcp/list_tools', signal })
    if (answer.status >= 400) {
      throw new SandboxError(
        'sandbox_unreachable',
        `sandbox ${record.name} cannot list its tools: ${failureText(answer)}`,
      )
    }
    const listed = jsonOf(answer, record.name) as ToolMap
    if (!toolMapSchema.safeParse(listed).success) throw malformed(record)
    const tools: ToolMap = { ...listed, generic: { ...genericTools } }
    if (toolType === undefined) return tools
    return { [toolType]: Object.hasOwn(tools, toolType) ? tools[toolType]! : {} }
  }

  async addMcpServers(
    identity: string,
    serverConfigs: Record<string, unknown>,
    { overwrite = false, signal }: AddMcpServersOptions,
  ): Promise<string | ToolResult> {
    const body = addMcpServersBody.safeParse({ server_configs: serverConfigs, overwrite })
    if (!body.success) {
      const [issue] = body.error.issues
      throw new SandboxError('invalid_argument', `${issue?.path.join('.')}: ${issue?.message}`)
    }
    using inUse = await this.#active.use(identity, { signal })
    const { record } = inUse
    // They start side by side, each within its own limit.
    const limits = Object.values(body.data.server_configs.mcpServers).map(({ timeout = 0 }) => timeout)
    const seconds = Math.max(record.timeoutSeconds, ...limits)
    const answer = await this.#call(record, {
      method: 'POST',
      path: 'mcp/add_servers',
      body: body.data,
      seconds,
      signal,
    })
    return answer.status >= 400 ? failedToolResult(answer) : answer.text
  }

  /** Does not count as activity: a monitor that looks keeps nothing alive. */
  async checkHealth(identity: string, { signal }: CallOptions): Promise<boolean> {
    const record = await this.#finder.find(identity)
    if (record.state !== 'running' || record.url === '') return false
    return this.#context.runtime.isHealthy(record, { timeoutMs: healthTimeoutMs, signal })
  }

  async #call(record: SandboxRecord, { seconds, ...call }: ToolCall): Promise<RuntimeAnswer> {
    const timeoutMs = (seconds ?? record.timeoutSeconds) * 1000 + callGraceMs
    const answer = await this.#context.runtime.call(record, { ...call, timeoutMs })
    assertOwnRuntime(answer, record.name)
    return answer
  }
}

type ToolCall = CallOptions & {
  method: 'GET' | 'POST'
  path: string
  body?: unknown
  /** Time limit, where the caller gave one. */
  seconds?: number | undefined
}

function malformed({ name }: SandboxRecord): SandboxError {
  return new SandboxError('sandbox_unreachable', `sandbox ${name} answered with something else than was asked for`)
}
