import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import { WebSocketServer } from 'ws'
import { fakeEngine } from '../../plugins/fake-engine.fixture.ts'

// An engine whose sandboxes serve something like a desktop.

/** Tells what was asked. */
function serveDesktop({ url, headers }: IncomingMessage, response: ServerResponse): void {
  if (url === '/broken') return void response.destroy()
  const status = url?.startsWith('/missing') ? 404 : 200
  response.writeHead(status, {
    'content-type': 'application/json',
    'set-cookie': 'theirs=1',
    'content-security-policy': "default-src 'none'",
  })
  response.end(JSON.stringify({ url, headers }))
}

/** WebSockets that give back what they get, and say first what they were asked. Not everywhere. */
function serveSockets(server: Server, token: string | undefined): void {
  const sockets = new WebSocketServer({
    noServer: true,
    handleProtocols: (offered) => (offered.has('binary') ? 'binary' : false),
  })
  server.on('upgrade', (request, socket, head) => {
    const isRuntime = request.url?.startsWith('/fastapi/') ?? false
    const allowed = !isRuntime || request.headers.authorization === `Bearer ${token}`
    if (!allowed || request.url?.includes('refused')) {
      return void socket.end('HTTP/1.1 403 Forbidden\r\ncontent-length: 2\r\n\r\nno')
    }
    sockets.handleUpgrade(request, socket, head, (client) => {
      client.send(JSON.stringify({ url: request.url, headers: request.headers }))
      client.on('message', (data: Buffer, isBinary) => {
        if (data.toString() === 'close') client.close(4321, 'as asked')
        else client.send(data, { binary: isBinary })
      })
    })
  })
}

export default fakeEngine({
  onRequest: serveDesktop,
  onServer: (server, { environment }) => serveSockets(server, environment['SECRET_TOKEN']),
})
