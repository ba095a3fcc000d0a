import { SandboxError, type ErrorCode } from '@runtime-sandbox/core'
import { describe, expect, it } from 'vitest'
import { fakeManager } from './fake-manager.fixture.ts'
import { createHttpApp } from './http-app.ts'

type Body = Record<string, unknown> & { detail?: string; error?: { code: string; detail: string } }

async function post(path: string, body: unknown, manager = fakeManager()) {
  const text = typeof body === 'string' ? body : JSON.stringify(body)
  const response = await createHttpApp(manager).request(path, {
    method: 'POST',
    body: text,
    headers: { host: 'localhost' },
  })
  return { status: response.status, body: (await response.json()) as Body, response, calls: manager.calls }
}

const fail =
  (code: ErrorCode, message = 'why') =>
  async () => {
    throw new SandboxError(code, message)
  }

const signal: unknown = expect.anything()

describe('remote calls', () => {
  it.each([
    ['/create_from_pool', {}, 'known', ['createFromPool', {}]],
    ['/create_from_pool', { sandbox_type: null, meta: null }, 'known', ['createFromPool', {}]],
    ['/create', { sandbox_type: 'gui', mount_dir: '/d' }, 'known', ['create', { sandboxType: 'gui', mountDir: '/d' }]],
    ['/release', { identity: 'gone' }, true, ['release', 'gone']],
    ['/start', { identity: 'known' }, true, ['start', 'known']],
    ['/stop', { identity: 'known' }, true, ['stop', 'known']],
    ['/get_status', { identity: 'known' }, 'running', ['getStatus', 'known']],
    ['/get_status', { identity: 'gone' }, null, ['getStatus', 'gone']],
    ['/check_health', { identity: 'known' }, true, ['checkHealth', 'known']],
    ['/list_tools', { identity: 'known', tool_type: null, instance_id: 1 }, { generic: {} }, ['listTools', 'known']],
    ['/add_mcp_servers', { identity: 'known', server_configs: { mcpServers: {} } }, 'OK', ['addMcpServers', 'known']],
    ['/get_session_mapping', { session_ctx_id: 'S1' }, ['known'], ['getSessionMapping', 'S1']],
    ['/list_session_keys', {}, ['S1'], ['listSessionKeys']],
    ['/cleanup', {}, null, ['cleanup']],
  ])('%s %j', async (path, body, data, [method, first]) => {
    for (const name of [path, `${path}_async`]) {
      const answer = await post(name, body)
      expect(answer).toMatchObject({ status: 200, body: { data } })
      expect(answer.calls).toHaveLength(1)
      expect(answer.calls[0]!.method).toBe(method)
      const [parameter] = answer.calls[0]!.parameters
      expect(parameter).toEqual(typeof first === 'object' ? { ...first, signal } : (first ?? parameter))
    }
  })

  it('tells a record in the names and units of the wire', async () => {
    const { body } = await post('/get_info', { identity: 'known', _redirect_depth: 0 })
    expect(body['data']).toMatchObject({
      container_name: 'known',
      state: 'running',
      updated_at: 1_763_872_000.124,
      redirect_to: null,
    })
  })

  it('passes the tool and its arguments on', async () => {
    const call = { identity: 'known', tool_name: 'run_shell_command', arguments: { command: 'ls' } }
    const { calls, body } = await post('/call_tool', call)
    expect(calls[0]!.parameters).toMatchObject(['known', 'run_shell_command', { arguments: { command: 'ls' } }])
    expect(body).toEqual({ data: { meta: null, content: [], isError: false } })
  })

  it.each([
    ['create_from_pool', 'sandbox_type', 'base'],
    ['create', 'sandbox_type', 'base'],
    ['start', 'identity', 'known'],
    ['stop', 'identity', 'known'],
    ['get_status', 'identity', 'known'],
    ['get_info', 'identity', 'known'],
    ['get_session_mapping', 'session_ctx_id', 'S1'],
  ])('%s_async takes {"args": x} as its first argument, %s', async (name, _field, value) => {
    expect(await post(`/${name}_async`, { args: value })).toMatchObject({ status: 200 })
    const refused = await post(`/${name}`, { args: value })
    expect(refused.body.detail).toContain("got an unexpected keyword argument 'args'")
  })
})

describe('what is wrong with a request is told in the words of the contract', () => {
  const prefix = 'SandboxManager'
  it.each([
    ['/create', '', 400, 'Error in create: Expecting value: line 1 column 1 (char 0)'],
    ['/create', 'hello', 400, 'Error in create: Expecting value: line 1 column 1 (char 0)'],
    ['/create', ' \n  x', 400, 'Error in create: Expecting value: line 2 column 3 (char 4)'],
    ['/create', '{"a": x}', 400, 'Error in create: the request body is not valid JSON'],
    ['/create', '{"a": 1', 400, 'Error in create: the request body is not valid JSON'],
    ['/create', '[]', 400, 'Error in create: the request body must be a JSON object, not an array'],
    ['/create', 'null', 400, 'Error in create: the request body must be a JSON object, not null'],
    ['/release', '{}', 422, `Error in release: ${prefix}.release() missing 1 required positional argument: 'identity'`],
    [
      '/call_tool',
      '{}',
      422,
      `Error in call_tool: ${prefix}.call_tool() missing 1 required positional argument: 'identity'`,
    ],
    [
      '/add_mcp_servers_async',
      '{}',
      422,
      `Error in add_mcp_servers_async: ${prefix}.add_mcp_servers_async() missing 2 required positional arguments: 'identity' and 'server_configs'`,
    ],
    ['/cleanup', '{"foo":1}', 422, `Error in cleanup: ${prefix}.cleanup() got an unexpected keyword argument 'foo'`],
    [
      '/get_info',
      '{"identity":5}',
      422,
      'Error in get_info: identity: Invalid input: expected string, received number',
    ],
    [
      '/get_info',
      '{"identity":null}',
      422,
      'Error in get_info: identity: Invalid input: expected string, received null',
    ],
    ['/get_info', '{"identity":"a\\u0000b"}', 422, 'Error in get_info: identity: contains a NUL byte'],
    ['/create', '{"meta":{"a":["\\u0000"]}}', 422, 'Error in create: meta.a.0: contains a NUL byte'],
    ['/create', '{"meta":{"\\u0000":1}}', 422, 'Error in create: meta: a name contains a NUL byte'],
    ['/call_tool', '{"identity":"known"}', 422, 'Error in call_tool: tool_name: the name of a tool is needed'],
    ['/get_info', '{"identity":"x"}', 404, 'Error in get_info: No container found with id: x.'],
  ])('%s %s', async (path, body, status, detail) => {
    const answer = await post(path, body)
    expect(answer.status).toBe(status)
    expect(answer.body).toMatchObject({
      detail,
      code: expect.any(String),
      retryable: false,
      remediation: expect.any(String),
    })
    expect(answer.body['request_id']).toBe(answer.response.headers.get('x-request-id'))
  })

  it('refuses absurd nesting', async () => {
    const { status, body } = await post('/create', `{"meta":${'{"a":'.repeat(50_000)}1${'}'.repeat(50_000)}}`)
    expect(status).toBe(422)
    expect(body.detail).toBe('Error in create: the body is nested deeper than 200 levels')
  })

  it('refuses a body that is not UTF-8', async () => {
    const response = await createHttpApp(fakeManager()).request('/create', {
      method: 'POST',
      body: new Uint8Array([0x7b, 0xff, 0x7d]),
      headers: { host: 'localhost' },
    })
    expect(response.status).toBe(400)
  })
})

describe('failures that the contract tells as data', () => {
  it.each([
    ['/create', 'create', null],
    ['/create_from_pool', 'createFromPool', null],
    ['/release', 'release', false],
    ['/start', 'start', false],
    ['/stop', 'stop', false],
  ] as const)('%s: the error stands beside', async (path, method, data) => {
    const given = path.startsWith('/create') ? {} : { identity: 'known' }
    for (const code of ['limit_reached', 'sandbox_start_failed', 'engine_unavailable', 'sandbox_not_found'] as const) {
      const { status, body } = await post(path, given, fakeManager({ [method]: fail(code) }))
      expect(status).toBe(200)
      expect(body).toMatchObject({ data, error: { code, detail: 'why', remediation: expect.any(String) } })
    }
  })

  it.each(['unknown_sandbox_type', 'mount_refused', 'invalid_argument'] as const)(
    'create: %s is a 422',
    async (code) => {
      const { status, body } = await post(
        '/create',
        {},
        fakeManager({ create: fail(code, "'nope' is not a valid SandboxType") }),
      )
      expect(status).toBe(422)
      expect(body).toMatchObject({ code, detail: "Error in create: 'nope' is not a valid SandboxType" })
    },
  )

  it('create: an environment value of null gives null, and nothing is made', async () => {
    const { status, body, calls } = await post('/create', { environment: { A: null } })
    expect(status).toBe(200)
    expect(body).toMatchObject({
      data: null,
      error: { code: 'invalid_argument', detail: "environment variable 'A' is null" },
    })
    expect(calls).toEqual([])
  })

  it('keeps the words of a defect to itself', async () => {
    const broken = async () => {
      throw new Error('secret path /home/x')
    }
    const created = await post('/create', {}, fakeManager({ create: broken }))
    expect(created.body).toMatchObject({ data: null, error: { code: 'internal' } })
    const { status, body } = await post('/list_session_keys', {}, fakeManager({ listSessionKeys: broken }))
    expect(status).toBe(500)
    expect(JSON.stringify([created.body, body])).not.toContain('secret')
  })
})

describe('routes', () => {
  const app = createHttpApp(fakeManager(), { sandboxTypes: ['base', 'gui_async'] })
  const request = (path: string, init: RequestInit = {}) =>
    app.request(path, { headers: { host: 'localhost:1' }, ...init })

  it('tells health as the original does', async () => {
    const response = await request('/health')
    expect(response.status).toBe(200)
    expect(await response.json()).toEqual({
      status: 'healthy',
      version: "[<SandboxType.BASE: 'base'>, <SandboxType.GUI_ASYNC: 'gui_async'>]",
    })
  })

  it.each(['starting', 'shutting_down'] as const)('is not healthy while %s, and refuses calls', async (code) => {
    const unready = createHttpApp(() => {
      throw new SandboxError(code, 'not now')
    })
    const headers = { host: 'localhost' }
    expect((await unready.request('/health', { headers })).status).toBe(503)
    const call = await unready.request('/create', { method: 'POST', body: '{}', headers })
    expect(call.status).toBe(503)
    expect(await call.json()).toMatchObject({ code, retryable: true })
  })

  it.each([
    ['GET', '/create', 405, 'Method Not Allowed'],
    ['POST', '/health', 405, 'Method Not Allowed'],
    ['POST', '/docs', 405, 'Method Not Allowed'],
    ['OPTIONS', '/proxy/known/x', 405, 'Method Not Allowed'],
    ['GET', '/nope', 404, 'Not Found'],
    ['POST', '/fs_read', 404, 'Not Found'],
    ['GET', '/desktop/known/vnc/', 404, 'Not Found'],
    ['POST', '/create/', 404, 'Not Found'],
  ])('%s %s: %i', async (method, path, status, detail) => {
    const response = await request(path, { method })
    expect(response.status).toBe(status)
    expect(await response.json()).toMatchObject({ detail })
  })

  it('takes over a harmless request id and replaces any other', async () => {
    const idOf = async (id: string) =>
      (await request('/health', { headers: { 'x-request-id': id } })).headers.get('x-request-id')
    expect(await idOf('trace-1.a:b')).toBe('trace-1.a:b')
    expect(await idOf('a b<script>')).toMatch(/^[0-9a-f-]{36}$/)
    expect(await idOf('a'.repeat(129))).toMatch(/^[0-9a-f-]{36}$/)
  })
})
