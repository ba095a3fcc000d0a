import { describe, expect, it, vi } from 'vitest'
import { SandboxError, SandboxRegistry, type ManagerApi } from '@runtime-sandbox/core'
import { BaseSandbox } from './base-sandbox.ts'
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
})
