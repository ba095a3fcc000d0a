import { describe, expect, it } from 'vitest'
import { SandboxError } from '@runtime-sandbox/core'
import { answer, startFakeServer } from './fake-server.fixture.ts'
import { HttpManager } from './http-manager.ts'

const wireRecord = {
  session_id: 's1',
  container_id: 'c1',
  container_name: 'agent-runtime-container-s1',
  url: 'http://127.0.0.1:49152',
  ports: [49152],
  mount_dir: null,
  storage_path: null,
  runtime_token: 'secret',
  version: 'agentscope/runtime-sandbox-base:latest',
  meta: { session_ctx_id: 'S1' },
  timeout: 60,
  sandbox_type: 'base',
  state: 'running',
  session_ctx_id: 'S1',
  last_active_at: 1763872000.123,
  recycled_at: null,
  released_at: null,
  updated_at: 1763872000.124,
  recycle_reason: null,
  redirect_to: null,
}

const codeOf = (promise: Promise<unknown>) =>
  promise.then(
    () => 'no error',
    (error: unknown) => (SandboxError.is(error) ? error.code : String(error)),
  )

describe('HttpManager', () => {
  it('sends the call as the contract says, with the token', async () => {
    await using server = await startFakeServer((_, response) => answer(response, { data: 'name-1' }))
    const manager = new HttpManager({ baseUrl: `${server.baseUrl}/`, bearerToken: 'tok' })
    expect(await manager.createFromPool({ sandboxType: 'base', meta: { session_ctx_id: 'S' } })).toBe('name-1')
    const [request] = server.seen
    expect(request).toMatchObject({ method: 'POST', url: '/create_from_pool' })
    expect(request!.headers['authorization']).toBe('Bearer tok')
    expect(JSON.parse(request!.body.toString())).toEqual({ sandbox_type: 'base', meta: { session_ctx_id: 'S' } })
  })

  it('translates the record of the original, seconds to milliseconds', async () => {
    await using server = await startFakeServer((_, response) => answer(response, { data: wireRecord }))
    const record = await new HttpManager({ baseUrl: server.baseUrl }).getInfo('x')
    expect(record).toMatchObject({
      name: wireRecord.container_name,
      state: 'running',
      timeoutSeconds: 60,
      image: wireRecord.version,
    })
    expect(record.lastActiveAt).toBe(1763872000123)
    expect(record.updatedAt).toBe(1763872000124)
  })

  it('makes a null sandbox a typed error, with the reason where the server gives one', async () => {
    const error = { code: 'limit_reached', detail: 'limit of 2 reached', retryable: true, remediation: 'wait' }
    await using ours = await startFakeServer((_, response) => answer(response, { data: null, error }))
    await expect(new HttpManager({ baseUrl: ours.baseUrl }).create()).rejects.toMatchObject({
      code: 'limit_reached',
      message: 'limit of 2 reached',
    })
    await using original = await startFakeServer((_, response) => answer(response, { data: null }))
    await expect(new HttpManager({ baseUrl: original.baseUrl }).create()).rejects.toThrow(/No sandbox available/)
  })

  it('keeps code and detail of an error answer', async () => {
    const body = {
      detail: 'Error in get_info: No container found with id: x.',
      code: 'sandbox_not_found',
      request_id: 'r1',
    }
    await using server = await startFakeServer((_, response) => answer(response, body, 404))
    await expect(new HttpManager({ baseUrl: server.baseUrl }).getInfo('x')).rejects.toMatchObject({
      code: 'sandbox_not_found',
      message: body.detail,
      details: { status: 404, requestId: 'r1' },
    })
  })

  it.each([
    [401, 'unauthorized'],
    [413, 'payload_too_large'],
    [422, 'invalid_argument'],
    [500, 'internal'],
    [503, 'engine_unavailable'],
    [504, 'sandbox_timeout'],
    [418, 'internal'],
  ])('status %i without a code is %s', async (status, code) => {
    await using server = await startFakeServer((_, response) => response.writeHead(status).end('no json'))
    expect(await codeOf(new HttpManager({ baseUrl: server.baseUrl }).listSessionKeys())).toBe(code)
  })

  it('refuses an answer that is not of the contract', async () => {
    await using server = await startFakeServer((_, response) => answer(response, { data: 42 }))
    expect(await codeOf(new HttpManager({ baseUrl: server.baseUrl }).listSessionKeys())).toBe('internal')
  })

  it('says that nobody answers', async () => {
    const server = await startFakeServer(() => {})
    await server[Symbol.asyncDispose]()
    expect(await codeOf(new HttpManager({ baseUrl: server.baseUrl }).listSessionKeys())).toBe('server_unreachable')
  })

  it('says that an answer broke off', async () => {
    await using server = await startFakeServer((_, response) => {
      response.writeHead(200, { 'content-length': '1000' })
      response.write('{"data":', () => response.destroy())
    })
    expect(await codeOf(new HttpManager({ baseUrl: server.baseUrl }).listSessionKeys())).toBe('server_unreachable')
  })

  it('ends a request at its time limit, and at once when its signal says so', async () => {
    await using server = await startFakeServer(() => {})
    const manager = new HttpManager({ baseUrl: server.baseUrl, requestTimeoutMs: 50 })
    expect(await codeOf(manager.listSessionKeys())).toBe('sandbox_timeout')
    const reason = new Error('enough')
    await expect(manager.listSessionKeys({ signal: AbortSignal.abort(reason) })).rejects.toBe(reason)
    const controller = new AbortController()
    const patient = new HttpManager({ baseUrl: server.baseUrl }).listSessionKeys({ signal: controller.signal })
    controller.abort(reason)
    await expect(patient).rejects.toBe(reason)
  })

  it('never follows a redirect with the token', async () => {
    await using thief = await startFakeServer((_, response) => answer(response, { data: [] }))
    await using server = await startFakeServer((_, response) =>
      response.writeHead(307, { location: thief.baseUrl }).end(),
    )
    const manager = new HttpManager({ baseUrl: server.baseUrl, bearerToken: 'tok' })
    expect(await codeOf(manager.listSessionKeys())).toBe('server_unreachable')
    expect(thief.seen).toHaveLength(0)
  })

  it.each(['', 'ftp://x', 'localhost:8000', 'http://'])('refuses the address %j', (baseUrl) => {
    expect(() => new HttpManager({ baseUrl })).toThrow(SandboxError)
  })

  it('streams a request to the runtime through the proxy', async () => {
    await using server = await startFakeServer((request, response) => response.end(request.body))
    const body = new Blob(['piece by ', 'piece']).stream() as ReadableStream<Uint8Array>
    const response = await new HttpManager({ baseUrl: server.baseUrl, bearerToken: 'tok' }).fetchRuntime('a/b', {
      method: 'PUT',
      path: 'workspace/file',
      query: 'path=x',
      body,
    })
    expect(await response.text()).toBe('piece by piece')
    expect(server.seen[0]).toMatchObject({ method: 'PUT', url: '/proxy/a%2Fb/workspace/file?path=x' })
  })

  it('covers every remote call', async () => {
    const answers: Record<string, unknown> = {
      '/release': true,
      '/start': true,
      '/stop': false,
      '/get_status': null,
      '/check_health': true,
      '/list_tools': { generic: {} },
      '/call_tool': { content: [], isError: false },
      '/add_mcp_servers': 'OK',
      '/get_session_mapping': ['a'],
      '/cleanup': null,
    }
    await using server = await startFakeServer(({ url }, response) => answer(response, { data: answers[url] }))
    const manager = new HttpManager({ baseUrl: server.baseUrl })
    expect(await manager.release('a')).toBe(true)
    await manager.start('a')
    expect(await codeOf(manager.stop('a'))).toBe('sandbox_not_running')
    expect(await manager.getStatus('a')).toBeUndefined()
    expect(await manager.checkHealth('a')).toBe(true)
    expect(await manager.listTools('a', { toolType: 'generic' })).toEqual({ generic: {} })
    expect(await manager.callTool('a', 't')).toEqual({ content: [], isError: false })
    expect(await manager.addMcpServers('a', { mcpServers: {} })).toBe('OK')
    expect(await manager.getSessionMapping('s')).toEqual(['a'])
    await manager.cleanup()
    expect(server.seen.map(({ url }) => url)).toEqual(Object.keys(answers))
  })
})
