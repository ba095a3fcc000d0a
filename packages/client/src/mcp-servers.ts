import { SandboxError, type AddMcpServersOptions, type ManagerApi, type ToolResult } from '@runtime-sandbox/core'

/** A server that is started in the sandbox and spoken to over its input and output. */
export type StdioMcpServerConfig = {
  /** Looked up in the PATH of the sandbox. */
  command: string
  args?: string[]
  /** Beside the variables of the sandbox. */
  env?: Record<string, string>
  /** Default: the workspace. */
  cwd?: string
  type?: 'stdio'
  /** Seconds until it must be initialised, at most 600; default 30. */
  timeout?: number
}

/** A server that is reached from the sandbox, over its network. */
export type UrlMcpServerConfig = {
  /** http or https. */
  url: string
  /** Default: `sse`. */
  type?: 'streamable_http' | 'streamableHttp' | 'sse'
  headers?: Record<string, string>
  /** Seconds until it must be initialised, at most 600; default 30. */
  timeout?: number
  /** Seconds of silence after which a stream counts as dead; default 300. */
  sse_read_timeout?: number
}

/** One MCP server: started by `command`, or reached at `url`. */
export type McpServerConfig = StdioMcpServerConfig | UrlMcpServerConfig

/** MCP servers by name, in the form in which MCP clients keep them in their files. */
export type McpServerConfigs = { mcpServers: Record<string, McpServerConfig> }

type Addition = { manager: ManagerApi; id: string; configs: McpServerConfigs }

/** Adds servers to a sandbox. @throws SandboxError `mcp_server_failed` when the sandbox answers that one did not start */
export async function addServers({ manager, id, configs }: Addition, options: AddMcpServersOptions): Promise<void> {
  const answer = await manager.addMcpServers(id, configs, options)
  if (typeof answer === 'string' || !answer.isError) return
  throw new SandboxError('mcp_server_failed', textOf(answer) || 'an MCP server did not start')
}

function textOf({ content }: ToolResult): string {
  return content.flatMap(({ text }) => (text === undefined ? [] : [text])).join('\n')
}
