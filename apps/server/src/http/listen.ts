import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'
import { createAdaptorServer } from '@hono/node-server'
import { StartupError } from '../startup-error.ts'
import type { HttpApp } from './http-app.ts'
import type { UpgradeHandler } from './relay/upgrade-handler.ts'

export type ListenOptions = {
  host: string
  port: number
  /** Takes over connections that ask for another protocol; default: they are refused. */
  onUpgrade?: UpgradeHandler | undefined
}

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
export async function listen(app: HttpApp, { host, port, onUpgrade }: ListenOptions): Promise<Listener> {
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
  const sockets = takeUpgrades(server, onUpgrade)
  await bind(server, host, port)
  const address = server.address() as AddressInfo
  let closing: Promise<void> | undefined
  return {
    url: urlOf(host, address.port),
    port: address.port,
    close: ({ graceMs }) => (closing ??= closeServer(server, sockets, graceMs)),
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

/** @returns the connections that were taken over; the server itself forgets them */
function takeUpgrades(server: Server, onUpgrade: UpgradeHandler | undefined): ReadonlySet<Duplex> {
  const sockets = new Set<Duplex>()
  // Without a listener, node would treat such a request like any other.
  if (!onUpgrade) return sockets
  server.on('upgrade', (request, socket, head) => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
    onUpgrade(request, socket, head)
  })
  return sockets
}

function closeServer(server: Server, sockets: ReadonlySet<Duplex>, graceMs: number): Promise<void> {
  // They end by nothing else, so there is nothing to wait for.
  for (const socket of sockets) socket.destroy()
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
