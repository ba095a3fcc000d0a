import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createAdaptorServer } from '@hono/node-server'
import { StartupError } from '../startup-error.ts'
import type { HttpApp } from './http-app.ts'

export type ListenOptions = { host: string; port: number }

/** A listening socket with an app behind it. */
export type Listener = {
  /** Address of this server, as this machine reaches it. */
  url: string
  port: number
  /**
   * Stops accepting and waits for what is under way, at most `graceMs`; then connections are cut, which aborts their work.
   * Idempotent.
   */
  close(options: { graceMs: number }): Promise<void>
}

/** @throws StartupError when the address cannot be had */
export async function listen(app: HttpApp, { host, port }: ListenOptions): Promise<Listener> {
  const server = createAdaptorServer({
    fetch: app.fetch,
    overrideGlobalObjects: false,
    serverOptions: {
      // Headers have a time limit, and bodies of calls one of their own; uploads through /proxy may take as long as they move.
      headersTimeout: 30_000,
      requestTimeout: 0,
      keepAliveTimeout: 15_000,
    },
  }) as Server
  // A connection that was busy when the server closed goes idle with its answer, and nothing else would end it then.
  server.on('request', (_, outgoing) => outgoing.once('close', () => setImmediate(() => server.emit('idle'))))
  await bind(server, host, port)
  const address = server.address() as AddressInfo
  let closing: Promise<void> | undefined
  return {
    url: urlOf(host, address.port),
    port: address.port,
    close: ({ graceMs }) => (closing ??= closeServer(server, graceMs)),
  }
}

function bind(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => reject(bindError(error, host, port)))
    server.listen(port, host, () => {
      server.removeAllListeners('error')
      resolve()
    })
  })
}

function bindError(error: NodeJS.ErrnoException, host: string, port: number): StartupError {
  const reasons: Record<string, string> = {
    EADDRINUSE: `port ${port} of ${host} is already in use; stop what listens there, or set PORT (0 takes a free one)`,
    EACCES: `port ${port} needs rights that this user does not have; set PORT to 1024 or more`,
    EADDRNOTAVAIL: `${host} is not an address of this machine; correct HOST`,
    ENOTFOUND: `the host name ${host} is unknown; correct HOST`,
  }
  const reason = reasons[error.code ?? ''] ?? `cannot listen on ${host}:${port}: ${error.message}`
  return StartupError.unavailable(reason, { cause: error })
}

function urlOf(host: string, port: number): string {
  const reachable = host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : host
  return `http://${reachable.includes(':') ? `[${reachable}]` : reachable}:${port}`
}

function closeServer(server: Server, graceMs: number): Promise<void> {
  return new Promise((resolve) => {
    const cut = setTimeout(() => server.closeAllConnections(), graceMs)
    server.close(() => {
      clearTimeout(cut)
      resolve()
    })
    server.closeIdleConnections()
    server.on('idle', () => server.closeIdleConnections())
  })
}
