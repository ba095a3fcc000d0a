import { randomUUID } from 'node:crypto'
import { mkdir, rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { getRequestListener } from '@hono/node-server'
import { createRuntimeApp } from './create-runtime-app.ts'
import { PythonKernel } from './kernel/python-kernel.ts'
import { listen } from './listen.ts'
import { childEnvironment } from './process/child-environment.ts'
import { startConfiguredServers } from './mcp/boot-servers.ts'
import { McpServers } from './mcp/mcp-servers.ts'
import { callMark, killMarked } from './process/kill-tree.ts'
import { PipeSupply } from './process/pipe-supply.ts'
import { GitWatcher } from './watcher/git-watcher.ts'
import type { RuntimeConfig } from './runtime-config.ts'

export type StartOptions = {
  config: RuntimeConfig
  token: string
  /** The environment of the runtime; what it starts gets it without the runtime's own variables. */
  environment: NodeJS.ProcessEnv
  log: (level: 'info' | 'error', message: string, fields?: Record<string, unknown>) => void
}

export type Runtime = {
  /** Ends everything that it started, also background jobs, and stops serving. */
  close(): Promise<void>
}

/** Serves until `close`. Resolves when requests are answered. @throws the system's error when the address cannot be had */
export async function startRuntime({ config, token, environment, log }: StartOptions): Promise<Runtime> {
  const { workspaceDirectory, defaultTimeoutMs, python } = config
  await mkdir(workspaceDirectory, { recursive: true })
  const folder = path.join(tmpdir(), `ipython-${randomUUID()}`)
  const variables = childEnvironment({ ...environment, WORKSPACE_DIR: workspaceDirectory })
  const pipes = new PipeSupply()
  const launch = { cwd: workspaceDirectory, environment: variables, pipes }
  const host = path.join(path.dirname(fileURLToPath(import.meta.url)), 'kernel_host.py')
  const kernel = new PythonKernel({ ...launch, python, host, folder })
  const onDefect = (error: unknown, requestId: string | undefined) =>
    log('error', 'a request failed', { error: describeDefect(error), requestId })
  const servers = new McpServers(launch)
  const ready = startConfiguredServers(servers, { files: config.mcpConfigFiles, log })
  const app = createRuntimeApp({
    token,
    kernel,
    launch,
    servers,
    watcher: new GitWatcher(launch),
    ready,
    workspaceDirectory,
    defaultTimeoutMs,
    onDefect,
  })
  // Uploads and long commands take as long as they take; the caller's own limits end them.
  const answer = getRequestListener(app.fetch, { overrideGlobalObjects: false })
  const server = createServer(
    { requestTimeout: 0, keepAliveTimeout: 65_000 },
    (incoming, outgoing) => void answer(incoming, outgoing),
  )
  const address = await listen(server, config.listen)
  log('info', 'listening', address)
  setImmediate(() => {
    kernel.warmUp()
    pipes.prepare()
  })
  return {
    async close() {
      server.close()
      server.closeAllConnections()
      kernel.close()
      await servers.close()
      await killMarked(variables[callMark])
      await pipes.close()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

function describeDefect(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error)
}
