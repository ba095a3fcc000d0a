import type { Duplex } from 'node:stream'
import { Pool } from 'undici'
import { SandboxError, type SandboxRecord } from '@runtime-sandbox/core'
import { unixConnector } from './connect-unix.ts'

/** What is needed to talk to a sandbox. */
export type RuntimeEndpoint = Pick<SandboxRecord, 'name' | 'url' | 'runtimeToken' | 'containerId' | 'timeoutSeconds'>

type Connection = { url: string; pool: Pool; basePath: string }

// Below the 5 s after which uvicorn and node close an idle connection: a call never goes out on one that is being closed.
const idleMs = 4000
const connectTimeoutMs = 5000
/** Calls at once to one sandbox; more wait in line. */
const maxConnections = 128

const poolOptions: Pool.Options = {
  connections: maxConnections,
  pipelining: 1,
  allowH2: false,
  keepAliveTimeout: idleMs,
  keepAliveMaxTimeout: idleMs,
  // Time limits are set with each request.
  headersTimeout: 0,
  bodyTimeout: 0,
}

/** Keep-alive connections, one pool per sandbox, closed when the sandbox ends. Only ever dials the recorded url. */
export class RuntimeConnections {
  readonly #connections = new Map<string, Connection>()
  /** WebSockets that are open, by sandbox. */
  readonly #sockets = new Map<string, Set<Duplex>>()

  /** The pool for a sandbox, and the path before the runtime's prefix. A new url (after a restart) gets a new pool. */
  open({ name, url }: RuntimeEndpoint): Connection {
    const existing = this.#connections.get(name)
    if (existing?.url === url) return existing
    const connection = connect(url)
    this.#connections.set(name, connection)
    if (existing) destroy(existing, name)
    return connection
  }

  /** Ends the socket with the sandbox. */
  hold(name: string, socket: Duplex): void {
    const sockets = this.#sockets.get(name) ?? new Set()
    this.#sockets.set(name, sockets.add(socket))
    socket.once('close', () => {
      sockets.delete(socket)
      if (sockets.size === 0 && this.#sockets.get(name) === sockets) this.#sockets.delete(name)
    })
  }

  /** Ends all calls and sockets to a sandbox; calls fail with `sandbox_not_running`. Idempotent. */
  close(name: string): void {
    for (const socket of this.#sockets.get(name) ?? []) socket.destroy()
    const connection = this.#connections.get(name)
    if (!connection) return
    this.#connections.delete(name)
    destroy(connection, name)
  }

  /** Sandboxes that there are connections to now. */
  names(): string[] {
    return [...new Set([...this.#connections.keys(), ...this.#sockets.keys()])]
  }

  closeAll(): void {
    for (const name of this.names()) this.close(name)
  }
}

function connect(url: string): Connection {
  if (url.startsWith('unix:')) {
    const pool = new Pool('http://sandbox', { ...poolOptions, connect: unixConnector(url.slice('unix:'.length)) })
    return { url, pool, basePath: '' }
  }
  const parsed = URL.parse(url)
  if (parsed === null || (parsed.protocol !== 'http:' && parsed.protocol !== 'https:')) {
    throw new SandboxError('sandbox_unreachable', 'the engine recorded no address for this sandbox')
  }
  const pool = new Pool(parsed.origin, { ...poolOptions, connect: { timeout: connectTimeoutMs } })
  return { url, pool, basePath: parsed.pathname.replace(/\/+$/, '') }
}

function destroy({ pool }: Connection, name: string): void {
  const ended = new SandboxError('sandbox_not_running', `sandbox ${name} ended during the call`)
  // Resolves when every socket is closed; a failure to close is nobody's loss.
  pool.destroy(ended).catch(() => {})
}
