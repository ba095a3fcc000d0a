import { Hono } from 'hono'
import { addMcpServersBody, callMcpToolBody, mcpFailedServersHeader, runtimeRoutes } from '@runtime-sandbox/protocol'
import type { Tool } from '@modelcontextprotocol/sdk/types.js'
import { HttpProblem } from '../http/http-problem.ts'
import { readJson } from '../http/read-json.ts'
import { McpFailure } from '../mcp/mcp-failure.ts'
import type { McpServers } from '../mcp/mcp-servers.ts'

export type McpRoutesOptions = {
  servers: McpServers
  /** Time limit of a call that names none. */
  defaultTimeoutMs: number
}

/** MCP servers in the sandbox, and their tools. A caller that goes away cancels its call. */
export function mcpRoutes({ servers, defaultTimeoutMs }: McpRoutesOptions): Hono {
  const app = new Hono()

  app.post(runtimeRoutes.mcpAddServers.path, async (context) => {
    const { server_configs: configs, overwrite } = await readJson(context, addMcpServersBody)
    const failed = await servers.add(configs.mcpServers, { overwrite })
    if (failed.size > 0) throw new HttpProblem(500, [...failed.values()].join('; '))
    return context.text('OK')
  })

  app.get(runtimeRoutes.mcpListTools.path, async (context) => {
    const { tools, failed } = await servers.listTools()
    if (failed.size > 0) context.header(mcpFailedServersHeader, [...failed.keys()].map(encodeURIComponent).join(', '))
    const map = [...tools].map(([server, list]) => [server, Object.fromEntries(list.map(describe))])
    return context.json(Object.fromEntries(map))
  })

  app.post(runtimeRoutes.mcpCallTool.path, async (context) => {
    const { tool_name: tool, arguments: values, timeout } = await readJson(context, callMcpToolBody)
    const timeoutMs = timeout == null ? defaultTimeoutMs : timeout * 1000
    const { signal } = context.req.raw
    const result = await servers.call(tool, values ?? {}, { timeoutMs, signal }).catch(tellFailure)
    if (!result) throw new HttpProblem(404, `Tool '${tool}' not found.`)
    return context.json(result)
  })

  app.get(runtimeRoutes.mcpServers.path, (context) => context.json({ servers: servers.list() }))

  app.delete(pattern(runtimeRoutes.mcpRemoveServer.path), async (context) => {
    const name = context.req.param('name')!
    if (!(await servers.remove(name))) throw unknownServer(name)
    return context.body(null, 204)
  })

  app.post(pattern(runtimeRoutes.mcpRestartServer.path), async (context) => {
    const name = context.req.param('name')!
    if (!(await servers.restart(name).catch(tellFailure))) throw unknownServer(name)
    return context.text('OK')
  })
  return app
}

/** As hono writes path parameters. */
function pattern(path: string): string {
  return path.replaceAll(/\{(\w+)\}/g, ':$1')
}

/** A tool as the contract lists it, with the whole of its schema. */
function describe({ name, description = '', inputSchema }: Tool) {
  const { properties = {}, required = [], ...rest } = inputSchema
  const parameters = { ...rest, properties, required }
  return [name, { name, json_schema: { type: 'function', function: { name, description, parameters } } }] as const
}

function unknownServer(name: string): HttpProblem {
  return new HttpProblem(404, `MCP server '${name}' not found.`)
}

function tellFailure(error: unknown): never {
  if (error instanceof McpFailure) throw new HttpProblem(500, error.message, { cause: error })
  throw error
}
