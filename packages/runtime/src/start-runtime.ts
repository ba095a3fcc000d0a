import { chmodSync, mkdirSync, rmSync } from 'node:fs'
import type { Server } from 'node:http'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { getRequestListener } from '@hono/node-server'
import { createServer } from 'node:http'
import { createRuntimeApp } from './create-runtime-app.ts'
import { PythonKernel } from './kernel/python-kernel.ts'
import { childEnvironment } from './process/child-environment.ts'
import type { ListenAddress, RuntimeConfig } from './runtime-config.ts'

export type StartOptions = {
  config: RuntimeConfig
  token: string
  /** The environment of the runtime; what it starts gets it without the runtime's own variables. */
  environment: NodeJS.ProcessEnv
  log: (level: 'info' | 'error', message: string, fields?: Record<string, unknown>) => void
}

/** Serves until `close`. Resolves when requests are answered. @throws the system's error when the address cannot be had */
export async function startRuntime({ config, token, environment, log }: StartOptions) {
  const { workspaceDirectory, defaultTimeoutMs, python } = config
  mkdirSync(workspaceDirectory, { recursive: true })
  const childVariables = { ...childEnvironment(environment), WORKSPACE_DIR: workspaceDirectory }
  const host = path.join(path.dirname(fileURLToPath(import.meta.url)), 'kernel_host.py')
  const kernel = new PythonKernel({ python, host, cwd: workspaceDirectory, environment: childVariables })
  const onDefect = (error: unknown) =>
    log('error', 'a request failed', { error: String((error as Error).stack ?? error) })
  const app = createRuntimeApp({
    token,
    kernel,
    workspaceDirectory,
    defaultTimeoutMs,
    environment: childVariables,
    onDefect,
  })
  // Uploads and long commands take as long as they take; the caller's own limits end them.
  const answer = getRequestListener(app.fetch, { overrideGlobalObjects: false })
  const server = createServer(
    { requestTimeout: 0, keepAliveTimeout: 65_000 },
    (incoming, outgoing) => void answer(incoming, outgoing),
  )
  await listen(server, config.listen)
  log('info', 'listening', addressOf(server, config.listen))
  setImmediate(() => kernel.warmUp())
  return {
    close() {
      kernel.close()
      server.close()
      server.closeAllConnections()
    },
  }
}

function addressOf(server: Server, address: ListenAddress): ListenAddress {
  const bound = server.address()
  return 'socket' in address || bound === null || typeof bound === 'string' ? address : { ...address, port: bound.port }
}

async function listen(server: Server, address: ListenAddress): Promise<void> {
  if ('socket' in address) rmSync(address.socket, { force: true })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen('socket' in address ? { path: address.socket } : address, resolve)
  })
  // The folder of the socket says who may reach it; the token, who may use it.
  if ('socket' in address) chmodSync(address.socket, 0o666)
}
