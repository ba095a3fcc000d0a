import type { IncomingMessage } from 'node:http'
import { describe, expect, it } from 'vitest'
import { SandboxError, systemClock } from '@runtime-sandbox/core'
import { bodyOf, startServer } from './http-server.fixture.ts'
import { RuntimeClient } from './runtime-client.ts'

const endpointAt = (url: string) => ({
  name: 'box',
  url,
  runtimeToken: 'sandbox-token',
  containerId: 'engine-id',
  timeoutSeconds: 30,
})
const client = () => new RuntimeClient(systemClock)
const closed = ({ socket }: IncomingMessage) => new Promise<void>((resolve) => socket.once('close', () => resolve()))

async function codeOf(promise: Promise<unknown>): Promise<string> {
  try {
    await promise
    return 'no error'
  } catch (error) {
    return SandboxError.is(error) ? error.code : String(error)
  }
}

for (const unix of [false, true]) {
  describe(`RuntimeClient over ${unix ? 'a Unix socket' : 'TCP'}`, () => {
    it('sends the id of the request that it works for', async () => {
      const seen: (string | undefined)[] = []
      await using server = await startServer(
        (request, response) => {
          seen.push(request.headers['x-request-id'] as string | undefined)
          response.end('{}')
        },
        { unix },
      )
      let requestId: string | undefined = 'r-1'
      const runtime = new RuntimeClient(systemClock, { requestId: () => requestId })
      await runtime.call(endpointAt(server.url), { method: 'GET', path: 'healthz', timeoutMs: 5000 })
      const headers = { 'x-request-id': 'of the caller' }
      await (await runtime.fetch(endpointAt(server.url), { method: 'GET', path: 'healthz', headers })).text()
      requestId = undefined
      await runtime.call(endpointAt(server.url), { method: 'GET', path: 'healthz', timeoutMs: 5000 })
      expect(seen).toEqual(['r-1', 'r-1', undefined])
    })

    it('sends the token and the affinity headers behind the prefix, and keeps the connection', async () => {
      const seen: { url: string | undefined; headers: NodeJS.Dict<string | string[]>; body: string }[] = []
      await using server = await startServer(
        (request, response) => {
          void bodyOf(request).then((body) => {
            seen.push({ url: request.url, headers: request.headers, body })
            return response.end('{"ok":true}')
          })
        },
        { unix },
      )
      const runtime = client()
      const options = {
        method: 'POST',
        path: 'tools/run_shell_command',
        body: { command: 'ls' },
        timeoutMs: 5000,
      } as const
      for (let i = 0; i < 10; i++) {
        expect(await runtime.call(endpointAt(server.url), options)).toEqual({ status: 200, text: '{"ok":true}' })
      }
      expect(seen[0]).toMatchObject({ url: '/fastapi/tools/run_shell_command', body: '{"command":"ls"}' })
      expect(seen[0]!.headers).toMatchObject({
        authorization: 'Bearer sandbox-token',
        'content-type': 'application/json',
        'x-agentrun-session-id': 'sengine-id',
      })
      // A connection is free again a tick after its answer was read.
      expect(server.connections()).toBeLessThan(3)
      runtime.connections.closeAll()
    })

    it('cuts the connection when the time limit is reached', async () => {
      let cut: Promise<void> | undefined
      await using server = await startServer((request) => void (cut = closed(request)), { unix })
      const runtime = client()
      const call = runtime.call(endpointAt(server.url), { method: 'GET', path: 'x', timeoutMs: 30 })
      expect(await codeOf(call)).toBe('sandbox_timeout')
      await cut
    })

    it('cuts the connection when the caller aborts, and throws its reason', async () => {
      const abort = new AbortController()
      let cut: Promise<void> | undefined
      await using server = await startServer(
        (request) => {
          cut = closed(request)
          abort.abort(new Error('enough'))
        },
        { unix },
      )
      const options = { method: 'GET', path: 'x', timeoutMs: 5000, signal: abort.signal } as const
      await expect(client().call(endpointAt(server.url), options)).rejects.toThrow('enough')
      await cut
    })
  })
}

describe('RuntimeClient.call', () => {
  it('says unreachable, without an address, when nothing listens', async () => {
    const server = await startServer(() => {})
    await server[Symbol.asyncDispose]()
    const call = client().call(endpointAt(server.url), { method: 'GET', path: 'healthz', timeoutMs: 1000 })
    const error: unknown = await call.catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ code: 'sandbox_unreachable', message: 'sandbox box does not answer (ECONNREFUSED)' })
  })

  it.each(['', 'ftp://127.0.0.1/', 'file:///etc/passwd', 'nonsense'])('refuses the address %j', async (url) => {
    expect(await codeOf(client().call(endpointAt(url), { method: 'GET', path: 'x', timeoutMs: 1000 }))).toBe(
      'sandbox_unreachable',
    )
  })

  it('says unreachable when the sandbox hangs up', async () => {
    await using server = await startServer((request) => void request.socket.destroy())
    const call = client().call(endpointAt(server.url), { method: 'POST', path: 'x', body: {}, timeoutMs: 1000 })
    expect(await codeOf(call)).toBe('sandbox_unreachable')
  })

  it('stops reading an answer that is too large', async () => {
    let cut: Promise<void> | undefined
    await using server = await startServer((request, response) => {
      cut = closed(request)
      const block = Buffer.alloc(2 ** 20, 120)
      const push = () => {
        while (!response.destroyed && response.write(block));
      }
      response.on('drain', push).on('error', () => {})
      push()
    })
    const call = client().call(endpointAt(server.url), { method: 'GET', path: 'x', timeoutMs: 20_000 })
    expect(await codeOf(call)).toBe('payload_too_large')
    await cut
  })

  it('fails what is under way when the sandbox ends', async () => {
    const runtime = client()
    await using server = await startServer(() => runtime.connections.close('box'))
    const call = runtime.call(endpointAt(server.url), { method: 'GET', path: 'x', timeoutMs: 5000 })
    expect(await codeOf(call)).toBe('sandbox_not_running')
  })

  it('goes to the new address after a restart', async () => {
    await using first = await startServer((_, response) => void response.end('first'))
    await using second = await startServer((_, response) => void response.end('second'))
    const runtime = client()
    const ask = async (url: string) =>
      (await runtime.call(endpointAt(url), { method: 'GET', path: 'x', timeoutMs: 5000 })).text
    expect([await ask(first.url), await ask(second.url)]).toEqual(['first', 'second'])
  })

  it('keeps the path of an address', async () => {
    await using server = await startServer((request, response) => void response.end(request.url))
    const { text } = await client().call(endpointAt(`${server.url}/box-1/`), {
      method: 'GET',
      path: 'x',
      timeoutMs: 5000,
    })
    expect(text).toBe('/box-1/fastapi/x')
  })
})

describe('RuntimeClient.isHealthy', () => {
  it.each([
    [200, true],
    [403, false],
    [500, false],
  ])('status %i: %s', async (status, healthy) => {
    await using server = await startServer((_, response) => void response.writeHead(status).end('OK'))
    expect(await client().isHealthy(endpointAt(server.url), { timeoutMs: 5000 })).toBe(healthy)
  })

  it('is false when nothing listens, and throws when the caller aborts', async () => {
    expect(await client().isHealthy(endpointAt('http://127.0.0.1:1'), { timeoutMs: 1000 })).toBe(false)
    const signal = AbortSignal.abort(new Error('gone'))
    await expect(client().isHealthy(endpointAt('http://127.0.0.1:1'), { timeoutMs: 1000, signal })).rejects.toThrow(
      'gone',
    )
  })
})

describe('RuntimeClient.fetch', () => {
  it('passes method, query, body and any status through, and streams both ways', async () => {
    await using server = await startServer((request, response) => {
      response.writeHead(418, { 'x-from': `${request.method} ${request.url}` })
      request.pipe(response)
    })
    const upload = new TransformStream<Uint8Array, Uint8Array>()
    const writer = upload.writable.getWriter()
    const pending = client().fetch(endpointAt(server.url), {
      method: 'put',
      path: 'workspace/file',
      query: 'path=a%20b',
      body: upload.readable,
    })
    void writer.write(Buffer.from('one'))
    const response = await pending
    expect(response.status).toBe(418)
    expect(response.headers.get('x-from')).toBe('PUT /fastapi/workspace/file?path=a%20b')
    const reader = response.body!.getReader()
    // The first part comes back before the last was sent.
    expect(new TextDecoder().decode((await reader.read()).value)).toBe('one')
    void writer.write(Buffer.from('two')).then(() => writer.close())
    expect(new TextDecoder().decode((await reader.read()).value)).toBe('two')
    expect((await reader.read()).done).toBe(true)
  })

  it('replaces the authorization and forwards nothing that is for the server alone', async () => {
    await using server = await startServer((request, response) => void response.end(JSON.stringify(request.headers)))
    const headers = {
      Authorization: 'Bearer server-token',
      Cookie: 'session=1',
      Host: 'public.example',
      Connection: 'close, X-Private',
      'X-Private': 'hop',
      TE: 'trailers',
      Expect: '100-continue',
      'X-Kept': 'yes',
      'Content-Length': '12',
    }
    const response = await client().fetch(endpointAt(server.url), { method: 'GET', path: 'x', headers })
    const seen = (await response.json()) as Record<string, string>
    expect(seen).toMatchObject({ authorization: 'Bearer sandbox-token', 'x-kept': 'yes' })
    expect(JSON.stringify(seen)).not.toMatch(/server-token|session=1|public\.example|hop|trailers|100-continue/)
    expect(seen['content-length']).toBeUndefined()
  })

  it('drops connection headers and cookies from the answer', async () => {
    await using server = await startServer((_, response) => {
      response.writeHead(200, {
        'set-cookie': ['a=1'],
        'keep-alive': 'timeout=5',
        'clear-site-data': '"*"',
        'x-kept': '1',
      })
      response.end()
    })
    const { headers } = await client().fetch(endpointAt(server.url), { method: 'GET', path: 'x' })
    expect(
      [...headers.keys()].filter((name) => !['date', 'content-length', 'transfer-encoding'].includes(name)),
    ).toEqual(['x-kept'])
  })

  it('has no body where the status has none', async () => {
    await using server = await startServer((_, response) => void response.writeHead(204).end())
    const response = await client().fetch(endpointAt(server.url), { method: 'DELETE', path: 'workspace/entry' })
    expect([response.status, response.body]).toEqual([204, null])
  })

  it('ends the request inside when the answer is not read to its end', async () => {
    let cut: Promise<void> | undefined
    await using server = await startServer((request, response) => {
      cut = closed(request)
      response.write('part')
    })
    const response = await client().fetch(endpointAt(server.url), { method: 'GET', path: 'x' })
    await response.body!.cancel()
    expect(await cut).toBeUndefined()
  })

  it('tells the reader when the sandbox dies in the middle of its answer', async () => {
    await using server = await startServer((request, response) => {
      response.write('part')
      setImmediate(() => request.socket.destroy())
    })
    const response = await client().fetch(endpointAt(server.url), { method: 'GET', path: 'x' })
    expect(await codeOf(response.text())).toBe('sandbox_unreachable')
  })

  it.each([
    ['nothing listens', 'http://127.0.0.1:1'],
    ['the address is none', 'nonsense'],
  ])('does not leave an upload alone when %s', async (_, url) => {
    const body = new ReadableStream<Uint8Array>({ pull: (controller) => controller.enqueue(new Uint8Array(1000)) })
    expect(await codeOf(client().fetch(endpointAt(url), { method: 'PUT', path: 'x', body }))).toBe(
      'sandbox_unreachable',
    )
  })

  it('fails when the upload fails, and cuts the request inside', async () => {
    let cut: Promise<void> | undefined
    await using server = await startServer((request) => {
      cut = closed(request)
      request.resume()
    })
    let parts = 0
    const body = new ReadableStream<Uint8Array>({
      async pull(controller) {
        parts += 1
        if (parts < 3) return controller.enqueue(new Uint8Array(1000))
        await expect.poll(() => cut !== undefined).toBe(true)
        controller.error(new Error('the caller hung up'))
      },
    })
    expect(await codeOf(client().fetch(endpointAt(server.url), { method: 'PUT', path: 'x', body }))).toBe(
      'sandbox_unreachable',
    )
    await cut
  })

  it('follows no redirect', async () => {
    await using server = await startServer((_, response) => {
      response.writeHead(302, { location: 'http://169.254.169.254/' }).end()
    })
    expect((await client().fetch(endpointAt(server.url), { method: 'GET', path: 'x' })).status).toBe(302)
  })

  it.each(['HEAD', 'OPTIONS', 'CONNECT', 'TRACE'])('refuses %s', async (method) => {
    expect(await codeOf(client().fetch(endpointAt('http://127.0.0.1:1'), { method, path: 'x' }))).toBe(
      'method_not_allowed',
    )
  })

  it('refuses a header that could start another request', async () => {
    await using server = await startServer((_, response) => void response.end())
    const headers = { 'x-bad': 'a\r\nx-injected: 1' }
    expect(await codeOf(client().fetch(endpointAt(server.url), { method: 'GET', path: 'x', headers }))).toBe(
      'invalid_argument',
    )
  })

  it('goes nowhere but to the recorded address, whatever the path says', async () => {
    const seen: (string | undefined)[] = []
    await using server = await startServer((request, response) => {
      seen.push(request.url)
      response.end()
    })
    const paths = ['http://127.0.0.1:1/x', '@127.0.0.1:1/x', 'a//127.0.0.1:1/x', ':1/x', 'x?y', 'x#y', 'ü']
    for (const path of paths) await client().fetch(endpointAt(server.url), { method: 'GET', path })
    expect(seen).toEqual([
      '/fastapi/http://127.0.0.1:1/x',
      '/fastapi/@127.0.0.1:1/x',
      '/fastapi/a//127.0.0.1:1/x',
      '/fastapi/:1/x',
      '/fastapi/x%3Fy',
      '/fastapi/x%23y',
      '/fastapi/%C3%BC',
    ])
  })
})
