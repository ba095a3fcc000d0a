import { mkdtemp, rm } from 'node:fs/promises'
import { createServer, type IncomingMessage, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** An HTTP server for tests, on a free port or on a Unix socket in a directory of its own. */
export type TestServer = AsyncDisposable & {
  /** As a backend records it. */
  url: string
  /** Directory of the socket; empty on TCP. */
  directory: string
  /** Sockets that were accepted until now. */
  connections: () => number
}

export async function startServer(
  listener: RequestListener,
  { unix = false }: { unix?: boolean } = {},
): Promise<TestServer> {
  const directory = unix ? await mkdtemp(join(tmpdir(), 'manager-')) : ''
  let connections = 0
  const server = createServer(listener).on('connection', () => (connections += 1))
  await new Promise<void>((resolve) => {
    if (unix) server.listen(join(directory, 'runtime.sock'), resolve)
    else server.listen(0, '127.0.0.1', resolve)
  })
  return {
    url: unix
      ? `unix:${join(directory, 'runtime.sock')}`
      : `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    directory,
    connections: () => connections,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
      if (unix) await rm(directory, { recursive: true, force: true })
    },
  }
}

/** The body of a request, as text. */
export async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk)
  return Buffer.concat(chunks).toString()
}
