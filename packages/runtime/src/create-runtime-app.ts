import { Hono } from 'hono'
import { requestIdHeader, runtimePrefix, runtimeRoutes } from '@runtime-sandbox/protocol'
import { checkToken } from './http/check-token.ts'
import { HttpProblem } from './http/http-problem.ts'
import type { McpServers } from './mcp/mcp-servers.ts'
import { mcpRoutes } from './routes/mcp-routes.ts'
import { toolRoutes, type ToolRoutesOptions } from './routes/tool-routes.ts'
import { watcherRoutes } from './routes/watcher-routes.ts'
import type { GitWatcher } from './watcher/git-watcher.ts'
import { workspaceRoutes } from './routes/workspace-routes.ts'
import { WorkspaceFiles } from './workspace/workspace-files.ts'

export type RuntimeAppOptions = ToolRoutesOptions & {
  servers: McpServers
  watcher: GitWatcher
  /** Resolves when the sandbox can be used: until then its health check waits. */
  ready: Promise<void>
  token: string
  workspaceDirectory: string
  /** Hears of failures that are nobody's fault but ours. */
  onDefect: (error: unknown, requestId: string | undefined) => void
}

/** The routes of the contract, bare and under their prefix, behind the token. */
export function createRuntimeApp(options: RuntimeAppOptions): Hono {
  const routes = new Hono()
  routes.use(checkToken(options.token))
  routes.get(runtimeRoutes.healthz.path, async (context) => {
    await options.ready
    return context.text('OK')
  })
  routes.route('/', toolRoutes(options))
  routes.route('/', workspaceRoutes(new WorkspaceFiles(options.workspaceDirectory)))
  routes.route('/', mcpRoutes(options))
  routes.route('/', watcherRoutes(options))
  const app = new Hono()
  app.use(async (context, next) => {
    const requestId = context.req.header(requestIdHeader)
    if (requestId !== undefined) context.header(requestIdHeader, requestId)
    await next()
  })
  app.route(runtimePrefix, routes)
  app.route('/', routes)
  app.notFound((context) => context.json({ detail: 'Not Found' }, 404))
  app.onError((error, context) => {
    if (error instanceof HttpProblem) return context.json({ detail: error.message }, error.status)
    if (!context.req.raw.signal.aborted) options.onDefect(error, context.req.header(requestIdHeader))
    return context.json({ detail: 'Internal Server Error' }, 500)
  })
  return app
}
