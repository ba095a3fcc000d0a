import { randomUUID } from 'node:crypto'
import { STATUS_CODES, type IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { SandboxError, type Logger } from '@runtime-sandbox/core'
import type { RelayedSocket, SandboxGateway } from '@runtime-sandbox/manager'
import { requestIdHeader, type ErrorBody } from '@runtime-sandbox/protocol'
import { withRequestId } from '../../request-context.ts'
import { callerGuard, type AccessPolicy } from '../access.ts'
import type { ManagerSource } from '../http-environment.ts'
import { DesktopAccess } from './desktop-access.ts'
import { forwardedRequestHeaders } from './proxy-headers.ts'
import { joinSockets } from './join-sockets.ts'
import { parseOpening, type SocketOpening } from './socket-request.ts'

export type UpgradeOptions = {
  manager: ManagerSource
  gateway: () => SandboxGateway
  policy: AccessPolicy
  logger: Logger
}

export type UpgradeHandler = (request: IncomingMessage, socket: Duplex, head: Buffer) => void

/**
 * Relays WebSockets: `/proxy/{identity}/{path}` to the runtime of a sandbox, `/desktop/{identity}` to its desktop. Nothing is dialled
 * before the caller is known to be allowed. Frames pass as they are, so all that two ends agree upon holds.
 */
export function upgradeHandler(options: UpgradeOptions): UpgradeHandler {
  const relay = new SocketRelay(options)
  return (request, socket, head) => {
    socket.on('error', () => {})
    const id = randomUUID()
    withRequestId(id, () => void relay.handle(request, socket, head, id))
  }
}

class SocketRelay {
  readonly #options: UpgradeOptions
  readonly #access: DesktopAccess

  constructor(options: UpgradeOptions) {
    this.#options = options
    this.#access = new DesktopAccess(options.policy)
  }

  async handle(request: IncomingMessage, client: Duplex, head: Buffer, id: string): Promise<void> {
    const { logger } = this.#options
    const [path] = (request.url ?? '').split('?', 1)
    const gone = new AbortController()
    client.once('close', () => gone.abort(new Error('the client went away')))
    try {
      const opening = parseOpening(request)
      await this.#check(opening)
      const answer = await this.#open(opening, id, gone.signal)
      if (client.destroyed) answer.socket?.destroy()
      else if (answer.socket) await this.#join(answer, answer.socket, { client, head, path })
      else refuse(client, answer)
    } catch (thrown) {
      if (gone.signal.aborted) return
      const error = SandboxError.is(thrown) ? thrown : new SandboxError('internal', 'internal error', { cause: thrown })
      const fields = { path, code: error.code, err: error }
      if (error.status >= 500) logger.error(fields, 'a socket could not be relayed')
      else logger.debug(fields, 'a socket was refused')
      refuse(client, refusalOf(error, id))
    }
  }

  async #check({ surface, target, headers }: SocketOpening): Promise<void> {
    if (surface === 'runtime') {
      const refusal = callerGuard(this.#options.policy)(headers)
      if (refusal) throw refusal
      return
    }
    this.#access.checkHost(headers)
    const record = await this.#options.manager().getInfo(target.identity)
    this.#access.admit({ headers, query: target.query, record, isSocket: true })
  }

  #open({ surface, target, headers }: SocketOpening, id: string, signal: AbortSignal): Promise<RelayedSocket> {
    const { identity, path, query } = target
    const forwarded = forwardedRequestHeaders(headers, id, false)
    return this.#options.gateway().openSocket(identity, { surface, path, query, headers: forwarded, signal })
  }

  async #join(
    { headers, noteTraffic }: RelayedSocket,
    sandbox: Duplex,
    { client, head, path }: { client: Duplex; head: Buffer; path: string | undefined },
  ): Promise<void> {
    const startedAt = performance.now()
    client.write(headOf(101, [['connection', 'Upgrade'], ['upgrade', 'websocket'], ...headers]))
    if (head.length > 0) client.unshift(head)
    const { received, sent } = await joinSockets(client, sandbox, noteTraffic)
    const durationMs = Math.round(performance.now() - startedAt)
    this.#options.logger.info({ path, status: 101, durationMs, received, sent }, 'socket')
  }
}

type Refusal = { status: number; headers: [string, string][]; body?: Buffer }

function refusalOf(error: SandboxError, id: string): Refusal {
  const { message: detail, code, retryable, remediation, status } = error
  const body: ErrorBody = { detail, code, retryable, remediation, request_id: id }
  const headers: [string, string][] = [
    ['content-type', 'application/json'],
    [requestIdHeader, id],
  ]
  if (code === 'unauthorized') headers.push(['www-authenticate', 'Bearer'])
  return { status, headers, body: Buffer.from(JSON.stringify(body)) }
}

function refuse(client: Duplex, { status, headers, body = Buffer.alloc(0) }: Refusal): void {
  const own: [string, string][] = [
    ['connection', 'close'],
    ['content-length', String(body.length)],
  ]
  client.end(Buffer.concat([Buffer.from(headOf(status, [...headers, ...own]), 'latin1'), body]))
}

function headOf(status: number, headers: readonly [string, string][]): string {
  const lines = headers.map(([name, value]) => `${name}: ${value}`)
  return [`HTTP/1.1 ${status} ${STATUS_CODES[status] ?? 'Unknown'}`, ...lines, '', ''].join('\r\n')
}
