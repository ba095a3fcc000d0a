import { describe, expect, it } from 'vitest'
import { genericTools } from '@runtime-sandbox/protocol'
import { codeOf, Harness } from '../fixtures/harness.fixture.ts'
import { bodyOf } from '../runtime/http-server.fixture.ts'

async function worldWithSandbox(meta?: Record<string, unknown>) {
  const world = await Harness.make()
  const manager = await world.start()
  const name = await manager.create({ meta })
  return { world, manager, name }
}

/** Answers everything with this, and tells what was asked. */
function answerWith(world: Harness, status: number, body: unknown) {
  const seen: { path: string; body: unknown }[] = []
  world.engine.answer = async (_container, path, request, response) => {
    const text = await bodyOf(request)
    seen.push({ path, body: text === '' ? undefined : JSON.parse(text) })
    response.writeHead(status).end(typeof body === 'string' ? body : JSON.stringify(body))
  }
  return seen
}

const answer = {
  meta: null,
  content: [{ type: 'text', text: 'hi\n', annotations: null, description: 'stdout' }],
  isError: false,
  exit_code: 0,
}

describe('callTool', () => {
  it('sends the two generic tools to their own routes, all others to MCP, and returns the answer unchanged', async () => {
    const { world, manager, name } = await worldWithSandbox()
    const seen = answerWith(world, 200, answer)
    expect(await manager.callTool(name, 'run_shell_command', { arguments: { command: 'echo hi' } })).toEqual(answer)
    await manager.callTool(name, 'run_ipython_cell', { arguments: { code: '1', timeout: 2 } })
    await manager.callTool(name, 'browser_click', { arguments: { x: 1 } })
    await manager.callTool(name, 'no_arguments')
    expect(seen).toEqual([
      { path: 'tools/run_shell_command', body: { command: 'echo hi' } },
      { path: 'tools/run_ipython_cell', body: { code: '1', timeout: 2 } },
      { path: 'mcp/call_tool', body: { tool_name: 'browser_click', arguments: { x: 1 } } },
      { path: 'mcp/call_tool', body: { tool_name: 'no_arguments', arguments: {} } },
    ])
  })

  it.each([
    ['run_ipython_cell', { cod: '1' }, "run_ipython_cell() got an unexpected keyword argument 'cod'"],
    ['run_ipython_cell', {}, "run_ipython_cell() missing 1 required positional argument: 'code'"],
    ['run_shell_command', {}, "run_shell_command() missing 1 required positional argument: 'command'"],
    ['run_shell_command', { command: 1 }, "run_shell_command() argument 'command'"],
    ['run_shell_command', { command: 'x', timeout: -1 }, "run_shell_command() argument 'timeout'"],
    ['run_shell_command', { command: 'x', __proto__x: 1 }, 'unexpected keyword'],
  ])('refuses %s(%j)', async (tool, given, message) => {
    const { world, manager, name } = await worldWithSandbox()
    const seen = answerWith(world, 200, answer)
    const call = manager.callTool(name, tool, { arguments: given })
    await expect(call).rejects.toMatchObject({ code: 'invalid_argument', message: expect.stringContaining(message) })
    expect(seen).toEqual([])
  })

  it.each([
    [500, { detail: 'it broke' }, '500 Server Error: Internal Server Error: it broke'],
    [404, 'Tool not found', '404 Client Error: Not Found: Tool not found'],
    [422, { detail: [{ loc: ['x'] }] }, '422 Client Error: Unprocessable Entity: [{"loc":["x"]}]'],
    [502, '', '502 Server Error: Bad Gateway'],
  ])('tells a status %i of the runtime as a failed answer, in its own words', async (status, body, text) => {
    const { world, manager, name } = await worldWithSandbox()
    answerWith(world, status, body)
    const expected = { meta: null, content: [{ type: 'text', text }], isError: true }
    expect(await manager.callTool(name, 'x')).toEqual(expected)
    expect(await manager.addMcpServers(name, { mcpServers: {} })).toEqual(expected)
    await expect(manager.listTools(name)).rejects.toMatchObject({
      code: 'sandbox_unreachable',
      message: expect.stringContaining(text),
    })
    expect(JSON.stringify(expected)).not.toContain('127.0.0.1')
  })

  it.each([401, 403])('does not trust what answers %i to our token', async (status) => {
    const { world, manager, name } = await worldWithSandbox()
    answerWith(world, status, { detail: 'Invalid secret token' })
    expect(await codeOf(manager.callTool(name, 'x'))).toBe('sandbox_unreachable')
  })

  it.each([['not JSON'], [{ content: 1 }], [null], [[]]])('does not pass on %j as an answer', async (body) => {
    const { world, manager, name } = await worldWithSandbox()
    answerWith(world, 200, body)
    expect(await codeOf(manager.callTool(name, 'x'))).toBe('sandbox_unreachable')
    expect(await codeOf(manager.listTools(name))).toMatch(/no error|sandbox_unreachable/)
  })

  it('gives up after the time limit of the sandbox, or of the call', async () => {
    const { world, manager, name } = await worldWithSandbox()
    let asked = 0
    let cut = 0
    world.engine.answer = (_container, _path, request) => {
      asked += 1
      request.socket.once('close', () => (cut += 1))
    }
    let first: string | undefined
    void codeOf(manager.callTool(name, 'x')).then((code) => (first = code))
    await expect.poll(() => asked).toBe(1)
    await world.pass(64_000, 8000)
    expect(first).toBeUndefined()
    await world.clock.advance(1000)
    await expect.poll(() => first).toBe('sandbox_timeout')
    await expect.poll(() => cut).toBe(1)
    const short = codeOf(manager.callTool(name, 'run_shell_command', { arguments: { command: 'x', timeout: 1 } }))
    await expect.poll(() => asked).toBe(2)
    await world.clock.advance(6000)
    expect(await short).toBe('sandbox_timeout')
  })
})

describe('listTools', () => {
  const listed = { files: { read: { name: 'read', json_schema: { type: 'function' } } } }

  it('adds the generic tools, and filters by type', async () => {
    const { world, manager, name } = await worldWithSandbox()
    answerWith(world, 200, listed)
    expect(await manager.listTools(name)).toEqual({ ...listed, generic: genericTools })
    expect(await manager.listTools(name, { toolType: 'files' })).toEqual(listed)
    expect(await manager.listTools(name, { toolType: 'generic' })).toEqual({ generic: genericTools })
    expect(await manager.listTools(name, { toolType: 'nope' })).toEqual({ nope: {} })
    expect(await manager.listTools(name, { toolType: 'constructor' })).toEqual({ constructor: {} })
  })
})

describe('addMcpServers', () => {
  it('passes checked configurations on', async () => {
    const { world, manager, name } = await worldWithSandbox()
    const seen = answerWith(world, 200, 'OK')
    const servers = { mcpServers: { time: { command: 'uvx', args: ['time'] } } }
    expect(await manager.addMcpServers(name, servers, { overwrite: true })).toBe('OK')
    expect(seen).toEqual([{ path: 'mcp/add_servers', body: { server_configs: servers, overwrite: true } }])
    expect(await codeOf(manager.addMcpServers(name, {}))).toBe('invalid_argument')
    expect(await codeOf(manager.addMcpServers(name, { mcpServers: { x: { args: 'no list' } } }))).toBe(
      'invalid_argument',
    )
  })
})

describe('what can be called', () => {
  it('nothing that is unknown, being made, or parked', async () => {
    const world = await Harness.make()
    const manager = await world.start({ poolSize: 1 })
    await world.untilParked(1)
    const [parked] = world.engine.names()
    for (const identity of ['nope', parked!, parked!.slice('box-'.length)]) {
      const calls = [
        manager.callTool(identity, 'x'),
        manager.listTools(identity),
        manager.checkHealth(identity),
        manager.getInfo(identity),
        manager.stop(identity),
        manager.start(identity),
        manager.fetchRuntime(identity, { method: 'GET', path: 'healthz' }),
      ]
      for (const call of calls) {
        await expect(call).rejects.toMatchObject({
          code: 'sandbox_not_found',
          message: `No container found with id: ${identity}.`,
        })
      }
    }
    expect(world.parked()).toBe(1)
  })

  it('nothing that has ended', async () => {
    const { manager, name } = await worldWithSandbox()
    await manager.release(name)
    expect(await codeOf(manager.callTool(name, 'x'))).toBe('sandbox_not_running')
    expect(await codeOf(manager.fetchRuntime(name, { method: 'GET', path: 'healthz' }))).toBe('sandbox_not_running')
    expect(await codeOf(manager.stop(name))).toBe('sandbox_not_running')
    expect(await manager.checkHealth(name)).toBe(false)
  })

  it('what replaced a sandbox, under the name of that one', async () => {
    const { world, manager, name } = await worldWithSandbox()
    const second = await manager.create()
    Object.assign(world.record(name), { state: 'replaced', redirectTo: second })
    expect((await manager.getInfo(name)).name).toBe(second)
    expect(await manager.checkHealth(name)).toBe(true)
  })
})

describe('activity', () => {
  it('is noted by calls and file work, not by looks', async () => {
    const { world, manager, name } = await worldWithSandbox({ session_ctx_id: 'S' })
    answerWith(world, 200, answer)
    const active = () => world.record(name).lastActiveAt
    const created = active()
    await world.clock.advance(10)
    await manager.checkHealth(name)
    await manager.getInfo(name)
    await manager.getStatus(name)
    expect(active()).toBe(created)
    await manager.callTool(name, 'x')
    expect(active()).toBe(world.clock.now())
    await world.clock.advance(10)
    await manager.fetchRuntime(name, { method: 'GET', path: 'workspace/list', query: 'path=.' })
    expect(active()).toBe(world.clock.now())
  })
})

describe('fetchRuntime', () => {
  it('streams to the sandbox under its own token', async () => {
    const { world, manager, name } = await worldWithSandbox()
    world.engine.answer = (_container, path, request, response) => {
      response.writeHead(207, { 'x-path': path })
      request.pipe(response)
    }
    const body = new Blob(['file content']).stream()
    const headers = { authorization: 'Bearer of-the-server' }
    const response = await manager.fetchRuntime(name, {
      method: 'PUT',
      path: 'workspace/file',
      query: 'path=a',
      headers,
      body,
    })
    expect([response.status, response.headers.get('x-path'), await response.text()]).toEqual([
      207,
      'workspace/file?path=a',
      'file content',
    ])
  })

  it('does not leave the sandbox’s address', async () => {
    const { world, manager, name } = await worldWithSandbox()
    const other = await manager.create()
    const id = world.engine.byName(other)!.id
    for (const path of [`../../${id}/fastapi/healthz`, `%2e%2e/%2e%2e/${id}/fastapi/healthz`, `/../${id}`]) {
      expect(await codeOf(manager.fetchRuntime(name, { method: 'GET', path }))).toBe('invalid_argument')
    }
    expect(world.engine.byName(other)!.requests).toEqual(['GET healthz'])
  })
})

describe('stop and start', () => {
  it('end the processes and bring them back, at a new address if need be', async () => {
    const { world, manager, name } = await worldWithSandbox()
    await manager.stop(name)
    await manager.stop(name)
    expect(await manager.getStatus(name)).toBe('exited')
    expect(await codeOf(manager.callTool(name, 'x'))).toBe('sandbox_not_running')
    expect(await manager.getInfo(name)).toMatchObject({ state: 'running', stateReason: 'stopped by its caller' })
    await manager.start(name)
    await manager.start(name)
    expect(await manager.getStatus(name)).toBe('running')
    expect((await manager.callTool(name, 'x')).isError).toBe(false)
    expect(world.engine.calls.filter((call) => call === 'start')).toHaveLength(1)
  })

  it('go back when the sandbox does not come up', async () => {
    const { world, manager, name } = await worldWithSandbox()
    await manager.stop(name)
    world.engine.byName(name)!.healthy = false
    let result: string | undefined
    void codeOf(manager.start(name)).then((code) => (result = code))
    await world.until(() => result, 'sandbox_start_failed')
    expect(await manager.getStatus(name)).toBe('exited')
    expect(world.record(name)).toMatchObject({ state: 'running', stateReason: 'stopped by its caller' })
  })
})

describe('getStatus', () => {
  it('tells by name or engine id, and only of our own', async () => {
    const { world, manager, name } = await worldWithSandbox()
    const { containerId, sessionId } = await manager.getInfo(name)
    expect(await manager.getStatus(name)).toBe('running')
    expect(await manager.getStatus(containerId)).toBe('running')
    expect(await manager.getStatus(sessionId)).toBeUndefined()
    const foreign = await world.start({ prefix: 'tub-' })
    expect(await foreign.getStatus(name)).toBeUndefined()
  })
})
