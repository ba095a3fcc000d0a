import { connect } from 'node:net'
import { once } from 'node:events'
import { describe, expect, it } from 'vitest'
import { fakeManager } from './fake-manager.fixture.ts'
import { serve } from './server.fixture.ts'

/** Sends `head` and then chunks until the server ends the connection; what it said, and how much it was sent. */
async function flood(port: number, head: string, chunk: Buffer) {
  const socket = connect(port, '127.0.0.1')
  let answer = ''
  let sent = 0
  const { promise: closed, resolve: close } = Promise.withResolvers<void>()
  socket.on('close', () => close())
  socket.on('data', (data: Buffer) => (answer += data.toString()))
  // The server cuts the connection in the middle of what is being sent.
  socket.on('error', () => {})
  await once(socket, 'connect')
  socket.write(head)
  const pump = () => {
    while (!socket.destroyed) {
      sent += chunk.length
      if (!socket.write(chunk)) return
    }
  }
  socket.on('drain', pump)
  pump()
  await closed
  return { answer, sent }
}

const request = (headers: string) => `POST /create HTTP/1.1\r\nhost: 127.0.0.1\r\n${headers}\r\n\r\n`
const chunk = Buffer.concat([Buffer.from('10000\r\n'), Buffer.alloc(0x10000, 'a'), Buffer.from('\r\n')])

describe('bodies of calls', () => {
  it('are taken up to the limit', async () => {
    const manager = fakeManager()
    await using server = await serve(manager, { maxBodyBytes: 1000 })
    const body = (size: number) => JSON.stringify({ meta: { a: 'x'.repeat(size - 17) } })
    const post = (text: string) => fetch(`${server.url}/create`, { method: 'POST', body: text })
    expect(body(1000)).toHaveLength(1000)
    expect((await post(body(1000))).status).toBe(200)
    const refused = await post(body(1001))
    expect(refused.status).toBe(413)
    expect(await refused.json()).toMatchObject({
      code: 'payload_too_large',
      detail: 'Error in create: the request body is larger than 1000 bytes',
    })
    expect(manager.calls).toHaveLength(1)
  })

  it('without an end are answered, cut off and never held', async () => {
    const manager = fakeManager()
    await using server = await serve(manager, { maxBodyBytes: 2 ** 20 })
    const before = process.memoryUsage().rss
    const { answer, sent } = await flood(server.port, request('transfer-encoding: chunked'), chunk)
    expect(answer).toMatch(/^HTTP\/1.1 413 /)
    expect(sent).toBeGreaterThan(2 ** 20)
    expect(process.memoryUsage().rss - before).toBeLessThan(200 * 2 ** 20)
    expect(manager.calls).toEqual([])
  })

  it('without an end are cut off also where no token was sent', async () => {
    await using server = await serve(fakeManager(), { access: { token: 't', allowedHosts: [] } })
    const { answer } = await flood(server.port, request('transfer-encoding: chunked'), chunk)
    expect(answer).toMatch(/^HTTP\/1.1 401 /)
  })

  it('that do not arrive in time are refused', async () => {
    await using server = await serve(fakeManager(), { bodyTimeoutMs: 50 })
    const socket = connect(server.port, '127.0.0.1')
    socket.write(request('content-length: 10') + '{')
    const [data] = (await once(socket, 'data')) as [Buffer]
    expect(data.toString()).toMatch(/^HTTP\/1.1 400 /)
    await once(socket, 'close')
  })
})

describe('a client that goes away', () => {
  it('aborts the work it asked for', async () => {
    const { promise: started, resolve: start } = Promise.withResolvers<AbortSignal>()
    const manager = fakeManager({
      callTool: (_identity, _tool, options) => {
        start(options!.signal!)
        return new Promise((_resolve, reject) =>
          options!.signal!.addEventListener('abort', () => reject(new Error('aborted'))),
        )
      },
    })
    await using server = await serve(manager)
    const abort = new AbortController()
    const body = JSON.stringify({ identity: 'known', tool_name: 'run_shell_command' })
    const call = fetch(`${server.url}/call_tool`, { method: 'POST', body, signal: abort.signal })
    const signal = await started
    const aborted = once(signal, 'abort')
    abort.abort()
    await expect(call).rejects.toThrow(/abort/)
    await aborted
  })
})

describe('a client that went away before it was told the name of its sandbox', () => {
  it('leaves no sandbox behind', async () => {
    const { promise: released, resolve: release } = Promise.withResolvers<string>()
    const abort = new AbortController()
    const manager = fakeManager({
      create: async (options) => {
        const gone = once(options!.signal!, 'abort')
        abort.abort()
        await gone
        return 'just made'
      },
      release: async (identity) => (release(identity), true),
    })
    await using server = await serve(manager)
    const call = fetch(`${server.url}/create`, { method: 'POST', body: '{}', signal: abort.signal })
    await expect(call).rejects.toThrow(/abort/)
    expect(await released).toBe('just made')
  })
})

describe('closing', () => {
  it('lets what is under way finish, and cuts what does not', async () => {
    const { promise: entered, resolve: enter } = Promise.withResolvers<void>()
    const { promise: gate, resolve: open } = Promise.withResolvers<void>()
    const manager = fakeManager({ listSessionKeys: async () => (enter(), await gate, ['late']) })
    const server = await serve(manager)
    const call = fetch(`${server.url}/list_session_keys`, { method: 'POST', body: '{}' })
    await entered
    const closed = server.close({ graceMs: 5000 })
    open()
    expect(await (await call).json()).toEqual({ data: ['late'] })
    await closed
    await expect(fetch(`${server.url}/health`)).rejects.toThrow('fetch failed')
  })

  it('cuts what is not done in time', async () => {
    const { promise: entered, resolve: enter } = Promise.withResolvers<void>()
    const manager = fakeManager({ listSessionKeys: () => (enter(), new Promise<never>(() => {})) })
    const server = await serve(manager)
    const call = fetch(`${server.url}/list_session_keys`, { method: 'POST', body: '{}' })
    const failure = call.catch((error: Error) => error.message)
    await entered
    await server.close({ graceMs: 10 })
    expect(await failure).toBe('fetch failed')
  })
})
