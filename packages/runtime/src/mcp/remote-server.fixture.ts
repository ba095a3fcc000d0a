import { randomUUID } from 'node:crypto'
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js'
import { SSEServerTransport } from '@modelcontextprotocol/sdk/server/sse.js'
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js'
import { z } from 'zod'

/** A server of the official SDK over HTTP: streamable at `/mcp`, SSE at `/sse`. It wants the header `x-key: secret`. */
export async function startRemoteServer() {
  const sessions = new Map<string, SSEServerTransport>()
  const streamable = new Map<string, StreamableHTTPServerTransport>()
  const server = createServer((request, response) => {
    void (async () => {
      const { pathname, searchParams } = new URL(request.url ?? '/', 'http://localhost')
      if (request.headers['x-key'] !== 'secret') return response.writeHead(401).end()
      if (pathname === '/hang') return undefined
      if (pathname === '/mcp') {
        const known = streamable.get(String(request.headers['mcp-session-id']))
        return (known ?? (await openStreamable(streamable))).handleRequest(request, response, await jsonOf(request))
      }
      if (pathname === '/messages') {
        return sessions.get(searchParams.get('sessionId') ?? '')?.handlePostMessage(request, response)
      }
      const transport = new SSEServerTransport('/messages', response)
      sessions.set(transport.sessionId, transport)
      return exampleServer().connect(transport)
    })()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

async function openStreamable(sessions: Map<string, StreamableHTTPServerTransport>) {
  const transport = new StreamableHTTPServerTransport({
    sessionIdGenerator: randomUUID,
    onsessioninitialized: (id) => void sessions.set(id, transport),
  })
  await exampleServer().connect(transport as Parameters<McpServer['connect']>[0])
  return transport
}

function exampleServer(): McpServer {
  const server = new McpServer({ name: 'remote', version: '1' })
  server.registerTool('add', { description: 'Adds', inputSchema: { a: z.number(), b: z.number() } }, ({ a, b }) => ({
    content: [{ type: 'text', text: String(a + b) }],
  }))
  server.registerTool('picture', {}, () => ({ content: [{ type: 'image', data: 'AAAA', mimeType: 'image/png' }] }))
  return server
}

async function jsonOf(request: IncomingMessage): Promise<unknown> {
  const chunks = await Array.fromAsync(request as AsyncIterable<Buffer>)
  return chunks.length === 0 ? undefined : JSON.parse(Buffer.concat(chunks).toString())
}
