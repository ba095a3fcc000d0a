import { createServer, request, type IncomingMessage, type RequestListener } from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { Readable } from 'node:stream'
import { SandboxError, type RuntimeRequest } from '@runtime-sandbox/core'
import { describe, expect, it } from 'vitest'
import { fakeManager } from '../fake-manager.fixture.ts'
import { parseSandboxTarget } from './sandbox-target.ts'
import { serve } from '../server.fixture.ts'

/** A server behind a runtime that listens to `listener`, and a front server that proxies to it. */
async function proxied(listener: RequestListener) {
  const upstream = createServer(listener)
  upstream.listen(0, '127.0.0.1')
  await once(upstream, 'listening')
  const { port } = upstream.address() as AddressInfo
  const manager = fakeManager({ fetchRuntime: (_identity, runtimeRequest) => forward(port, runtimeRequest) })
  const front = await serve(manager)
  return {
    manager,
    url: `${front.url}/proxy/known`,
    port: front.port,
    async [Symbol.asyncDispose]() {
      await front.close({ graceMs: 0 })
      upstream.closeAllConnections()
      upstream.close()
    },
  }
}

/** Does with node:http what a manager does: no decoding, no buffering. */
async function forward(
  port: number,
  { method, path, query, headers, body, signal }: RuntimeRequest,
): Promise<Response> {
  const target = `/fastapi/${path}${query === undefined ? '' : `?${query}`}`
  const outgoing = request({ port, host: '127.0.0.1', method, path: target, headers, ...(signal && { signal }) })
  if (body instanceof ReadableStream) {
    const source = Readable.fromWeb(body as Parameters<typeof Readable.fromWeb>[0])
    source.on('error', (error) => outgoing.destroy(error))
    source.pipe(outgoing)
  } else outgoing.end()
  const [incoming] = (await once(outgoing, 'response')) as [IncomingMessage]
  const answerHeaders = Object.entries(incoming.headers).flatMap(([name, value]) =>
    [value].flat().map((each): [string, string] => [name, String(each)]),
  )
  const empty = incoming.statusCode === 204
  return new Response(empty ? null : (Readable.toWeb(incoming) as ReadableStream), {
    status: incoming.statusCode!,
    headers: answerHeaders,
  })
}

const size = 50 * 2 ** 20

describe('/proxy', () => {
  it.each(['GET', 'POST', 'PUT', 'DELETE', 'PATCH'])(
    'passes %s, path, query and body on as they are',
    async (method) => {
      await using servers = await proxied((incoming, outgoing) => {
        const chunks: Buffer[] = []
        incoming.on('data', (data: Buffer) => chunks.push(data))
        incoming.on('end', () => {
          const seen = { method: incoming.method, url: incoming.url, body: Buffer.concat(chunks).toString() }
          outgoing.writeHead(201, { 'x-own': 'yes', 'content-type': 'application/json' }).end(JSON.stringify(seen))
        })
      })
      const body = method === 'GET' ? null : 'hello'
      const response = await fetch(`${servers.url}/workspace/file%20x?path=%2Fa%20b&x=1+2`, { method, body })
      expect(response.status).toBe(201)
      expect(response.headers.get('x-own')).toBe('yes')
      expect(await response.json()).toEqual({
        method,
        url: '/fastapi/workspace/file%20x?path=%2Fa%20b&x=1+2',
        body: body ?? '',
      })
    },
  )

  it('keeps tokens, cookies and hop-by-hop headers to itself, both ways', async () => {
    await using servers = await proxied((_incoming, outgoing) => {
      outgoing.writeHead(200, { 'set-cookie': 'a=b', 'x-upstream': '1', 'x-request-id': 'theirs' }).end('ok')
    })
    const headers = {
      authorization: 'Bearer server',
      cookie: 'session=1',
      'proxy-authorization': 'x',
      te: 'trailers',
      'x-custom': 'kept',
      'x-request-id': 'mine',
    }
    const response = await fetch(`${servers.url}/healthz`, { headers })
    const [, passedOn] = servers.manager.calls[0]!.parameters as [string, RuntimeRequest]
    expect(passedOn.headers).toMatchObject({ 'x-custom': 'kept', 'x-request-id': 'mine' })
    for (const name of ['authorization', 'cookie', 'proxy-authorization', 'te', 'host', 'connection']) {
      expect(passedOn.headers).not.toHaveProperty(name)
    }
    expect(response.headers.get('set-cookie')).toBeNull()
    // Whatever the sandbox sends, a browser runs none of it in the name of this server.
    expect(response.headers.get('content-security-policy')).toBe('sandbox')
    expect(response.headers.get('x-content-type-options')).toBe('nosniff')
    expect(response.headers.get('x-upstream')).toBe('1')
    expect(response.headers.get('x-request-id')).toBe('mine')
  })

  it('passes encoded bodies on unchanged', async () => {
    const bytes = Buffer.from('not really gzip')
    await using servers = await proxied((_incoming, outgoing) => {
      outgoing.writeHead(200, { 'content-encoding': 'gzip', 'content-length': bytes.length }).end(bytes)
    })
    const get = request({ port: servers.port, host: '127.0.0.1', path: '/proxy/known/x' })
    get.end()
    const [incoming] = (await once(get, 'response')) as [IncomingMessage]
    expect(incoming.headers['content-encoding']).toBe('gzip')
    expect(Buffer.concat(await incoming.toArray())).toEqual(bytes)
  })

  it('answers 204 without a body', async () => {
    await using servers = await proxied((_incoming, outgoing) => outgoing.writeHead(204).end())
    const response = await fetch(`${servers.url}/workspace/entry?path=a`, { method: 'DELETE' })
    expect(response.status).toBe(204)
  })

  it('streams 50 MB down, no faster than the client reads', async () => {
    let sent = 0
    await using servers = await proxied((_incoming, outgoing) => {
      zeros(size, (bytes) => (sent += bytes)).pipe(outgoing)
    })
    const response = await fetch(`${servers.url}/workspace/file?path=a`)
    expect(await standstill(() => sent)).toBeLessThan(size / 2)
    let received = 0
    for await (const part of response.body!) received += part.length
    expect(received).toBe(size)
  })

  it('streams 50 MB up, no faster than the sandbox reads', async () => {
    const { promise: more, resolve: proceed } = Promise.withResolvers<void>()
    let sent = 0
    let received = 0
    await using servers = await proxied((incoming, outgoing) => {
      void more.then(() =>
        incoming.on('data', (data: Buffer) => (received += data.length)).on('end', () => outgoing.end('stored')),
      )
    })
    const body = Readable.toWeb(zeros(size, (bytes) => (sent += bytes))) as ReadableStream
    const answer = fetch(`${servers.url}/workspace/file?path=a`, { method: 'PUT', body, duplex: 'half' })
    expect(await standstill(() => sent)).toBeLessThan(size / 2)
    proceed()
    expect(await (await answer).text()).toBe('stored')
    expect(received).toBe(size)
  })

  it('sends the first bytes before the last ones are known', async () => {
    const { promise: more, resolve: proceed } = Promise.withResolvers<void>()
    await using servers = await proxied((_incoming, outgoing) => {
      outgoing.write('first')
      void more.then(() => outgoing.end('last'))
    })
    const reader = (await fetch(`${servers.url}/x`)).body!.getReader()
    expect(Buffer.from((await reader.read()).value).toString()).toBe('first')
    proceed()
    expect(Buffer.from((await reader.read()).value).toString()).toBe('last')
  })

  it.each([true, false])('never ends a broken body as if it were whole (length known: %s)', async (known) => {
    await using servers = await proxied((_incoming, outgoing) => {
      if (known) outgoing.setHeader('content-length', 100)
      outgoing.write('half', () => outgoing.destroy())
    })
    await expect(fetch(`${servers.url}/x`).then((response) => response.text())).rejects.toThrow('terminated')
  })

  it('stops upstream when the client goes away', async () => {
    const { promise: stopped, resolve: stop } = Promise.withResolvers<void>()
    await using servers = await proxied((_incoming, outgoing) => {
      outgoing.write('first')
      outgoing.on('close', stop)
    })
    const abort = new AbortController()
    const response = await fetch(`${servers.url}/x`, { signal: abort.signal })
    await response.body!.getReader().read()
    abort.abort()
    await expect(stopped).resolves.toBeUndefined()
  })

  it.each([
    ['sandbox_not_found', 'No container found', 404, 'sandbox not found: known'],
    ['sandbox_unreachable', 'connect ECONNREFUSED', 502, 'proxy upstream error: connect ECONNREFUSED'],
    ['sandbox_not_running', 'released', 409, 'Error in proxy: released'],
  ] as const)('%s', async (code, message, status, detail) => {
    const manager = fakeManager({
      fetchRuntime: async () => {
        throw new SandboxError(code, message)
      },
    })
    await using server = await serve(manager)
    const response = await fetch(`${server.url}/proxy/known/x`)
    expect(response.status).toBe(status)
    expect(await response.json()).toMatchObject({ detail, code })
  })

  it.each(['HEAD', 'OPTIONS'])('does not take %s', async (method) => {
    await using server = await serve(fakeManager())
    expect((await fetch(`${server.url}/proxy/known/x`, { method })).status).toBe(405)
  })

  it.each([
    '/proxy/known/a%2f..%2fb',
    '/proxy/known/%2e%2e/x',
    '/proxy/known/a\\b',
    '/proxy/known/%00',
    '/proxy/known/%zz',
  ])('refuses the path %s', async (path) => {
    const manager = fakeManager()
    await using server = await serve(manager)
    const get = request({ port: server.port, host: '127.0.0.1', path })
    get.end()
    const [incoming] = (await once(get, 'response')) as [IncomingMessage]
    expect(incoming.statusCode).toBeGreaterThanOrEqual(400)
    expect(incoming.statusCode).toBeLessThan(500)
    incoming.resume()
    expect(manager.calls).toEqual([])
  })
})

describe('a proxy target', () => {
  it.each([
    ['/proxy/a/b', { identity: 'a', path: 'b', query: undefined }],
    ['/proxy/a', { identity: 'a', path: '', query: undefined }],
    ['/proxy/a/', { identity: 'a', path: '', query: undefined }],
    ['/proxy/a/b/?', { identity: 'a', path: 'b/', query: '' }],
    [
      '/proxy/a%20b/workspace/files:batch?path=../x',
      { identity: 'a b', path: 'workspace/files:batch', query: 'path=../x' },
    ],
    ['http://host:1/proxy/a/b%20c', { identity: 'a', path: 'b%20c', query: undefined }],
  ])('%s is read', (url, target) => {
    expect(parseSandboxTarget(url, 'proxy')).toMatchObject(target)
  })

  it.each([
    '/proxy/',
    '/proxy//x',
    '/proxy/../x',
    '/proxy/a/../b',
    '/proxy/a/./b',
    '/proxy/a//b',
    '/proxy/a/%2E%2e/b',
    '/proxy/a/x%2fy',
    '/proxy/a/x%5cy',
    '/proxy/a/%0d%0a',
    '/proxy/a/%',
    '/proxy/a/b#c',
    `/proxy/${'a'.repeat(257)}/b`,
    '/other/a/b',
  ])('%s is refused', (url) => {
    expect(parseSandboxTarget(url, 'proxy')).toBeUndefined()
  })
})

/** A stream of `total` bytes that tells how many have been taken. */
function zeros(total: number, taken: (bytes: number) => void): Readable {
  const part = Buffer.alloc(2 ** 16)
  let left = total
  return new Readable({
    read() {
      left -= part.length
      if (left >= 0) taken(part.length)
      this.push(left >= 0 ? part : null)
    },
  })
}

/** The value of a counter once it has begun and does not grow any more. */
async function standstill(counter: () => number): Promise<number> {
  let last = -1
  for (let same = 0; same < 5; same = counter() === last && last > 0 ? same + 1 : 0) {
    last = counter()
    await new Promise((resolve) => setTimeout(resolve, 40))
  }
  return last
}
