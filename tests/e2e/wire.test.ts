import { request } from 'node:http'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { BaseSandbox } from '@runtime-sandbox/client'
import { engines } from './engines.ts'
import { ServerProcess } from './server-process.ts'

describe.each(engines)('the wire on $name', ({ skip, environment }) => {
  describe.skipIf(skip)('seen without a client', () => {
    let server: ServerProcess
    let identity: string
    const call: ServerProcess['call'] = (...words) => server.call(...words)

    beforeAll(async () => {
      server = await ServerProcess.start({ environment: { ...environment, MAX_SANDBOX_INSTANCES: '3' } })
      identity = (await call<string>('create_from_pool', { meta: { session_ctx_id: 'S1' } })).body.data!
    })
    afterAll(async () => {
      await server?.stop()
    })

    it('asks for the token, in the words of the contract', async () => {
      const bare = await call('release', { identity }, { headers: {} })
      expect(bare).toMatchObject({ status: 401, body: { detail: 'Authentication required' } })
      const wrong = await call('release', { identity }, { headers: { authorization: 'Bearer wrong' } })
      expect(wrong).toMatchObject({ status: 401, body: { detail: 'Invalid authentication credentials' } })
      expect((await fetch(`${server.url}/proxy/${identity}/healthz`)).status).toBe(401)
      expect((await fetch(`${server.url}/health`)).status).toBe(200)
    })

    it('calls tools, lists them and tells of the sandbox', async () => {
      const args = { command: 'echo hi; echo err >&2; exit 3' }
      const answer = await call('call_tool', { identity, tool_name: 'run_shell_command', arguments: args })
      expect(answer.body.data).toMatchObject({
        meta: null,
        content: [
          { type: 'text', text: 'hi\n', annotations: null, description: 'stdout' },
          { type: 'text', text: 'err\n', annotations: null, description: 'stderr' },
          { type: 'text', text: '3', annotations: null, description: 'returncode' },
        ],
        isError: true,
      })
      expect((await call('list_tools', { identity, tool_type: null })).body.data).toHaveProperty(
        'generic.run_ipython_cell',
      )
      expect((await call('get_info', { identity })).body.data).toMatchObject({
        container_name: identity,
        state: 'running',
        session_ctx_id: 'S1',
        sandbox_type: 'base',
      })
      expect((await call('get_status', { identity })).body.data).toBe('running')
      expect((await call('check_health', { identity })).body.data).toBe(true)
      expect((await call('get_session_mapping', { session_ctx_id: 'S1' })).body.data).toEqual([identity])
      expect((await call('list_session_keys', {})).body.data).toEqual(['S1'])
    })

    it('takes what Python clients send to the asynchronous twins', async () => {
      expect((await call('get_info_async', { args: identity })).body.data).toMatchObject({ container_name: identity })
      expect((await call('get_status_async', { args: identity })).body.data).toBe('running')
      expect((await call('list_tools_async', { identity })).status).toBe(200)
    })

    it('stops and starts a sandbox, which keeps its files', async () => {
      const sandbox = await BaseSandbox.connect(identity, server.connection)
      await sandbox.fs.write('kept', '1')
      expect((await call('stop', { identity })).body.data).toBe(true)
      expect((await call('get_status', { identity })).body.data).not.toBe('running')
      expect((await call('start', { identity })).body.data).toBe(true)
      expect(await sandbox.fs.read('kept')).toBe('1')
    })

    it.each<[string, string, unknown, number, RegExp]>([
      ['an empty body', 'create', '', 400, /^Error in create: Expecting value: line 1 column 1 \(char 0\)$/],
      ['no JSON', 'create', '{', 400, /^Error in create: /],
      ['no object', 'create', '[]', 400, /^Error in create: /],
      ['an unknown type', 'create_from_pool', { sandbox_type: 'nope' }, 422, /'nope' is not a valid SandboxType/],
      ['an unknown type, cold', 'create', { sandbox_type: 'nope' }, 422, /'nope' is not a valid SandboxType/],
      ['a missing argument', 'release', {}, 422, /missing 1 required positional argument: 'identity'/],
      ['an unknown argument', 'release', { identity: 'x', foo: 1 }, 422, /got an unexpected keyword argument 'foo'/],
      ['a wrong type', 'release', { identity: 5 }, 422, /identity/],
      [
        'an unknown sandbox',
        'get_info',
        { identity: 'x' },
        404,
        /^Error in get_info: No container found with id: x\.$/,
      ],
      [
        'an unknown sandbox for a tool',
        'call_tool',
        { identity: 'x', tool_name: 'run_shell_command', arguments: { command: 'true' } },
        404,
        /No container found with id: x\./,
      ],
      ['NUL bytes', 'get_info', { identity: 'a\0b' }, 422, /identity/],
      ['a name without end', 'get_info', { identity: 'x'.repeat(10_000) }, 422, /identity/],
      [
        'a mount that is not allowed',
        'create',
        { mount_dir: '/tmp' },
        422,
        /does not let callers choose a host directory/,
      ],
      ['a way out of the storage', 'create', { storage_path: '../../etc' }, 422, /storage_path|storage path/i],
      ['a secret of its own', 'create', { environment: { SECRET_TOKEN: 'mine' } }, 422, /SECRET_TOKEN/],
      ['a variable that is none', 'create', { environment: { 'a b': '1' } }, 422, /environment|variable/],
    ])('refuses %s, and makes nothing', async (_, name, body, status, detail) => {
      const before = await engineCount()
      const answer = await call(name, body)
      expect(answer.status).toBe(status)
      expect(answer.body.detail).toMatch(detail)
      expect(answer.body).toMatchObject({
        code: expect.any(String),
        remediation: expect.any(String),
        request_id: expect.any(String),
      })
      expect(await engineCount()).toBe(before)
    })

    it.each<[string, Record<string, unknown>, RegExp]>([
      ['a wrong argument', { cod: '1' }, /unexpected keyword argument 'cod'/],
      ['no argument', {}, /missing 1 required positional argument: 'code'/],
    ])('refuses a cell with %s', async (_, args, detail) => {
      const answer = await call('call_tool', { identity, tool_name: 'run_ipython_cell', arguments: args })
      expect(answer.status).toBe(422)
      expect(answer.body.detail).toMatch(detail)
    })

    it('keeps the contract for what it does not know or cannot do', async () => {
      expect((await call('release', { identity: 'unknown' })).body.data).toBe(true)
      expect((await call('get_status', { identity: 'unknown' })).body.data).toBeNull()
      expect((await call('stop', { identity: 'unknown' })).body.data).toBe(false)
      expect((await call('start', { identity: 'unknown' })).body.data).toBe(false)
      const nullVariable = await call('create', { environment: { A: null } })
      expect(nullVariable).toMatchObject({ status: 200, body: { data: null, error: { code: 'invalid_argument' } } })
      const unknownTool = await call<{ isError: boolean }>('call_tool', { identity, tool_name: 'nope', arguments: {} })
      expect(unknownTool.body.data).toMatchObject({
        isError: true,
        content: [{ text: expect.stringMatching(/Tool 'nope' not found/) }],
      })
      expect(
        (await fetch(`${server.url}/nope`, { method: 'POST', headers: { authorization: `Bearer ${server.token}` } }))
          .status,
      ).toBe(404)
      expect(
        (await fetch(`${server.url}/create`, { headers: { authorization: `Bearer ${server.token}` } })).status,
      ).toBe(405)
    })

    it('holds the limit exactly, however many ask at once', async () => {
      const answers = await Promise.all(Array.from({ length: 6 }, () => call<string | null>('create', {})))
      const made = answers.map(({ body }) => body.data).filter((name) => name !== null)
      expect(made).toHaveLength(2)
      const refused = answers.filter(({ body }) => body.data === null)
      for (const { status, body } of refused) expect([status, body.error?.code]).toEqual([200, 'limit_reached'])
      for (const name of made) expect((await call('release', { identity: name })).body.data).toBe(true)
    })

    it('cuts off a body that never ends', async () => {
      const memoryBefore = await residentBytes()
      const status = await endlessPost(`${server.url}/create`, server.token)
      expect(status).toBe(413)
      expect((await residentBytes()) - memoryBefore).toBeLessThan(100 * 1024 * 1024)
      expect((await call('get_status', { identity })).body.data).toBe('running')
    })

    it('does not let a proxied path out of the runtime', async () => {
      const headers = { authorization: `Bearer ${server.token}` }
      for (const path of ['../get_info', '%2e%2e/%2e%2e/etc', '..%2f..%2f', '/127.0.0.1/x', '%5c..%5c']) {
        const response = await fetch(`${server.url}/proxy/${identity}/${path}`, { headers })
        expect(response.status, path).toBeGreaterThanOrEqual(400)
        await response.arrayBuffer()
      }
      const unknown = await fetch(`${server.url}/proxy/unknown/healthz`, { headers })
      expect([unknown.status, ((await unknown.json()) as { detail: string }).detail]).toEqual([
        404,
        'sandbox not found: unknown',
      ])
      const healthy = await fetch(`${server.url}/proxy/${identity}/healthz`, { headers })
      expect([healthy.status, await healthy.text()]).toEqual([200, 'OK'])
    })

    it('shows its API to those with the token', async () => {
      const headers = { authorization: `Bearer ${server.token}` }
      const document = (await (await fetch(`${server.url}/openapi.json`, { headers })).json()) as {
        openapi: string
        paths: object
      }
      expect(document.openapi).toMatch(/^3\.1/)
      expect(Object.keys(document.paths)).toEqual(
        expect.arrayContaining(['/create_from_pool', '/call_tool', '/call_tool_async']),
      )
      expect(await (await fetch(`${server.url}/docs`, { headers })).text()).toContain('create_from_pool')
      expect((await fetch(`${server.url}/openapi.json`)).status).toBe(401)
    })

    it('logs no secret', async () => {
      const { runtime_token: runtimeToken } = (await call<{ runtime_token: string }>('get_info', { identity })).body
        .data!
      await call('call_tool', {
        identity,
        tool_name: 'run_shell_command',
        arguments: { command: 'echo very-private-command' },
      })
      expect(server.output).not.toContain(runtimeToken)
      expect(server.output).not.toContain(server.token)
      expect(server.output).not.toContain('very-private-command')
    })

    async function engineCount(): Promise<number> {
      return (await call<string[]>('list_session_keys', {})).body.data!.length
    }

    async function residentBytes(): Promise<number> {
      const { readFile } = await import('node:fs/promises')
      const status = await readFile(`/proc/${server.pid}/status`, 'utf8')
      return Number(/VmRSS:\s+(\d+)/.exec(status)![1]) * 1024
    }
  })
})

/** Sends a JSON body that never ends, until the server answers; 512 MiB at most. */
async function endlessPost(url: string, token: string): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>()
  const chunk = Buffer.alloc(1024 * 1024, 'x')
  let sent = 0
  const outgoing = request(url, { method: 'POST', headers: { authorization: `Bearer ${token}` } }, (response) => {
    response.resume()
    resolve(response.statusCode ?? 0)
    outgoing.destroy()
  })
  outgoing.on('error', reject)
  const pump = () => {
    while (!outgoing.destroyed && sent < 512) {
      sent += 1
      if (!outgoing.write(chunk)) return void outgoing.once('drain', pump)
    }
    if (sent >= 512) outgoing.end()
  }
  outgoing.write('{"meta":"')
  pump()
  return promise
}
