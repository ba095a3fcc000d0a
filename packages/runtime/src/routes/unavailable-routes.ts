import { Hono } from 'hono'
import { addMcpServersBody, callMcpToolBody, runtimeRoutes } from '@runtime-sandbox/protocol'
import { HttpProblem } from '../http/http-problem.ts'
import { readJson } from '../http/read-json.ts'

/** Routes of the contract whose services this runtime does not have: it says so, and has no tools of theirs. */
export function unavailableRoutes(): Hono {
  const app = new Hono()
  app.get(runtimeRoutes.mcpListTools.path, (context) => context.json({}))
  app.post(runtimeRoutes.mcpCallTool.path, async (context) => {
    const { tool_name: name } = await readJson(context, callMcpToolBody)
    throw new HttpProblem(404, `Tool '${name}' not found.`)
  })
  app.post(runtimeRoutes.mcpAddServers.path, async (context) => {
    await readJson(context, addMcpServersBody)
    throw new HttpProblem(501, 'this runtime does not run MCP servers')
  })
  const noWatcher = () => {
    throw new HttpProblem(501, 'this runtime does not watch the workspace with git')
  }
  app.post(runtimeRoutes.commitChanges.path, noWatcher)
  app.post(runtimeRoutes.generateDiff.path, noWatcher)
  app.get(runtimeRoutes.gitLogs.path, noWatcher)
  return app
}
