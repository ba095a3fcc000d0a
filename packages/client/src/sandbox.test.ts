import { describe, expect, expectTypeOf, it, vi } from 'vitest'
import { SandboxError, SandboxRegistry, type ManagerApi } from '@runtime-sandbox/core'
import { BaseSandbox } from './base-sandbox.ts'
import { answer, startFakeServer } from './fake-server.fixture.ts'
import { FakeSessions } from './fake-sessions.fixture.ts'
import { HttpManager } from './http-manager.ts'
import type { McpServerConfig, McpServerConfigs } from './mcp-servers.ts'
import { Sandbox } from './sandbox.ts'

function fakeManager() {
  const manager = {
    createFromPool: vi.fn<ManagerApi['createFromPool']>(async () => 'pooled'),
    create: vi.fn<ManagerApi['create']>(async () => 'made'),
    release: vi.fn<ManagerApi['release']>(async () => true),
    getInfo: vi.fn(async (identity: string) => ({ name: `full-${identity}` })),
    callTool: vi.fn<ManagerApi['callTool']>(async () => ({
      content: [{ type: 'text', text: 'out', description: 'stdout' }],
      isError: false,
    })),
  }
  return manager as typeof manager & Omit<ManagerApi, keyof typeof manager> & { getInfo: ManagerApi['getInfo'] }
}

describe('Sandbox.create', () => {
  it('takes a sandbox from the pool, in a session of its own', async () => {
    const manager = fakeManager()
    const sandbox = await BaseSandbox.create({ manager, meta: { team: 'a' } })
    expect(sandbox.id).toBe('pooled')
    expect(manager.createFromPool).toHaveBeenCalledWith({
      sandboxType: 'base',
      meta: { team: 'a', session_ctx_id: expect.stringMatching(/^[0-9a-f-]{36}$/) },
      signal: undefined,
    })
  })

  it('has a sandbox made when it is to be special', async () => {
    const manager = fakeManager()
    await BaseSandbox.create({ manager, environment: { A: '1' }, sessionId: 'S' })
    expect(manager.create).toHaveBeenCalledWith(
      expect.objectContaining({ environment: { A: '1' }, meta: { session_ctx_id: 'S' } }),
    )
    expect(manager.createFromPool).not.toHaveBeenCalled()
  })

  it('takes the type of a custom class from its static field or its registration', async () => {
    class Named extends Sandbox {
      static override readonly sandboxType = 'named'
    }
    const Registered = SandboxRegistry.register('me/image:1', { sandboxType: 'registered' })(class extends Sandbox {})
    const manager = fakeManager()
    expect(await Named.create({ manager })).toBeInstanceOf(Named)
    await Registered.create({ manager })
    expect(manager.createFromPool.mock.calls.map(([options]) => options?.sandboxType)).toEqual(['named', 'registered'])
    await expect(Sandbox.create({ manager })).rejects.toMatchObject({ code: 'invalid_argument' })
  })

  it('passes on why there is none', async () => {
    const manager = fakeManager()
    manager.createFromPool.mockRejectedValue(new SandboxError('limit_reached', 'full'))
    await expect(BaseSandbox.create({ manager })).rejects.toMatchObject({ code: 'limit_reached' })
  })

  it('needs to know of a server or a manager', async () => {
    vi.stubEnv('RUNTIME_SANDBOX_BASE_URL', '')
    await expect(BaseSandbox.create()).rejects.toMatchObject({ code: 'invalid_argument' })
    vi.unstubAllEnvs()
  })
})

describe('a sandbox object', () => {
  it('destroys what it created, once', async () => {
    const manager = fakeManager()
    {
      await using sandbox = await BaseSandbox.create({ manager })
      await sandbox.close()
    }
    expect(manager.release).toHaveBeenCalledTimes(1)
  })

  it('leaves alone what it only connected to, unless told to release it', async () => {
    const manager = fakeManager()
    const sandbox = await BaseSandbox.connect('x', { manager })
    expect(sandbox.id).toBe('full-x')
    await sandbox.close()
    expect(manager.release).not.toHaveBeenCalled()
    await sandbox.release()
    expect(manager.release).toHaveBeenCalledWith('full-x', {})
  })

  it('sends commands and cells as tools, with their time limit', async () => {
    const manager = fakeManager()
    const sandbox = await BaseSandbox.create({ manager })
    const controller = new AbortController()
    expect((await sandbox.runShellCommand('ls', { timeoutSeconds: 5, signal: controller.signal })).stdout).toBe('out')
    expect((await sandbox.runIpythonCell('1')).stdout).toBe('out')
    expect(manager.callTool.mock.calls).toEqual([
      ['pooled', 'run_shell_command', { arguments: { command: 'ls', timeout: 5 }, signal: controller.signal }],
      ['pooled', 'run_ipython_cell', { arguments: { code: '1' }, signal: undefined }],
    ])
  })

  it('destroys what it connected to, and spares what it created, when told so', async () => {
    const manager = fakeManager()
    {
      await using connected = await BaseSandbox.connect('x', { manager, releaseOnClose: true })
      await using created = await BaseSandbox.create({ manager, releaseOnClose: false })
      expect([connected.id, created.id]).toEqual(['full-x', 'pooled'])
    }
    expect(manager.release.mock.calls).toEqual([['full-x', {}]])
  })

  it.each([Number.NaN, Infinity])('does not take %s for a time limit', async (timeoutSeconds) => {
    const manager = fakeManager()
    const sandbox = await BaseSandbox.create({ manager })
    for (const call of [
      sandbox.runShellCommand('x', { timeoutSeconds }),
      sandbox.runIpythonCell('x', { timeoutSeconds }),
    ]) {
      await expect(call).rejects.toMatchObject({ code: 'invalid_argument' })
    }
    expect(manager.callTool).not.toHaveBeenCalled()
  })

  it('works on under its old name when it was replaced, and tells the new one', async () => {
    const records = new FakeSessions()
    await using server = await records.serve('token')
    const sandbox = await BaseSandbox.create({ baseUrl: server.baseUrl, bearerToken: 'token', sessionId: 'S' })
    records.put({ ...records.records.get(sandbox.id)!, state: 'replaced', redirectTo: 'restored' })
    records.put({ name: 'restored', sessionContextId: 'S' })
    const { id } = sandbox
    expect((await sandbox.runShellCommand('x')).isError).toBe(false)
    expect(await sandbox.getInfo()).toMatchObject({ name: 'restored', state: 'running' })
    expect(sandbox.id).toBe(id)
    const again = await BaseSandbox.connect(id, { baseUrl: server.baseUrl, bearerToken: 'token' })
    expect(again.id).toBe('restored')
    await sandbox.close()
    expect(records.calls.at(-1)).toBe(`release ${id}`)
  })
})

describe('addMcpServers', () => {
  const failure = {
    meta: null,
    content: [
      { type: 'text', text: "500 Server Error: Internal Server Error: time: it said 'no'" },
      { type: 'image', data: 'aa' },
    ],
    isError: true,
  }
  const configs = {
    mcpServers: {
      time: { command: 'uvx', args: ['time'], env: { TZ: 'UTC' }, timeout: 10 },
      docs: { url: 'http://127.0.0.1:9/mcp', type: 'streamable_http', headers: { a: 'b' } },
    },
  } satisfies McpServerConfigs

  it('passes the servers on as they are, and is done when they are', async () => {
    await using server = await startFakeServer((_, response) => answer(response, { data: 'OK' }))
    const addMcpServers = vi.fn<ManagerApi['addMcpServers']>(async () => 'OK')
    const manager = { ...fakeManager(), addMcpServers }
    const { signal } = new AbortController()
    const embedded = await BaseSandbox.create({ manager })
    await embedded.addMcpServers(configs, { overwrite: true, signal })
    expect(addMcpServers).toHaveBeenCalledWith('pooled', configs, { overwrite: true, signal })
    const remote = new BaseSandbox({ manager: new HttpManager({ baseUrl: server.baseUrl }), id: 'x', owned: false })
    await remote.addMcpServers(configs)
    expect(JSON.parse(server.seen[0]!.body.toString())).toEqual({
      identity: 'x',
      server_configs: configs,
      overwrite: false,
    })
  })

  it('throws what the servers said when one did not start', async () => {
    await using server = await startFakeServer((_, response) => answer(response, { data: failure }))
    const manager = { ...fakeManager(), addMcpServers: async () => failure }
    const remote = new BaseSandbox({ manager: new HttpManager({ baseUrl: server.baseUrl }), id: 'x', owned: false })
    for (const sandbox of [remote, await BaseSandbox.create({ manager })]) {
      await expect(sandbox.addMcpServers(configs)).rejects.toMatchObject({
        code: 'mcp_server_failed',
        message: failure.content[0]!.text,
      })
    }
  })

  it('knows what a configuration is', () => {
    expectTypeOf<{ args: string[] }>().not.toExtend<McpServerConfig>()
    expectTypeOf<{ url: string; type: 'websocket' }>().not.toExtend<McpServerConfig>()
  })
})
