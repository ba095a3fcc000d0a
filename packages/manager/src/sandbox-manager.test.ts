import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { SandboxRegistry, silentLogger, systemClock } from '@runtime-sandbox/core'
import { createMemoryState } from '@runtime-sandbox/state-memory'
import { createFakeBackend, type FakeBackendOptions } from '@runtime-sandbox/testkit'
import { defaultSettings } from './fixtures/harness.fixture.ts'
import type { ManagerSettings } from './manager-options.ts'
import { SandboxManager } from './sandbox-manager.ts'

async function start(
  settings: Partial<ManagerSettings>,
  options: FakeBackendOptions,
  backend = createFakeBackend(options),
) {
  const state = createMemoryState({ clock: systemClock })
  const manager = await SandboxManager.start({
    backend,
    state,
    registry: new SandboxRegistry(),
    clock: systemClock,
    logger: silentLogger,
    settings: { ...defaultSettings, ...settings },
  })
  onTestFinished(async () => {
    await manager.close()
    await backend[Symbol.asyncDispose]()
  })
  const parked = async () => {
    const counts = await Promise.all((await state.listPools()).map((key) => state.countParked(key)))
    return counts.reduce((sum, count) => sum + count, 0)
  }
  return { manager, backend, state, parked }
}

describe.each(['tcp', 'unix'] as const)('SandboxManager with the memory store, runtimes on %s', (endpoint) => {
  it('does everything from the first claim to the last release', async () => {
    const root = await mkdtemp(join(tmpdir(), 'manager-'))
    onTestFinished(() => rm(root, { recursive: true, force: true }))
    const options = { endpoint, mountsHostDirectories: true }
    const { manager, backend, parked } = await start({ poolSize: 2, workspaceRoot: root }, options)
    await expect.poll(parked).toBe(2)
    const name = await manager.createFromPool({ meta: { session_ctx_id: 'S' } })
    expect(await manager.checkHealth(name)).toBe(true)
    const result = await manager.callTool(name, 'run_shell_command', { arguments: { command: 'echo hello' } })
    expect(result.content[0]).toMatchObject({ type: 'text', description: 'stdout' })
    const response = await manager.fetchRuntime(name, { method: 'GET', path: 'healthz' })
    expect([response.status, await response.text()]).toEqual([200, 'OK'])
    expect(await manager.getSessionMapping('S')).toEqual([name])
    await expect.poll(parked).toBe(2)
    await manager.release(name)
    await manager.close()
    expect([backend.containers, await readdir(root)]).toEqual([[], []])
  })

  it('never hands a sandbox to two, nor more than the limit', async () => {
    const { manager, backend, parked } = await start({ poolSize: 5, maxInstances: 20 }, { endpoint })
    await expect.poll(parked).toBe(5)
    const results = await Promise.allSettled(Array.from({ length: 50 }, () => manager.createFromPool()))
    const names = results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []))
    expect([names.length, new Set(names).size]).toEqual([20, 20])
    expect(backend.containers).toHaveLength(20)
    expect(backend.calls('create')).toBeLessThanOrEqual(25)
  })

  it('finds its sandboxes again after it was killed', async () => {
    const { manager: killed, backend } = await start({ autoCleanup: false }, { endpoint })
    const name = await killed.create({ meta: { session_ctx_id: 'S' } })
    const { manager } = await start({ autoCleanup: false }, { endpoint }, backend)
    expect(await manager.getInfo(name)).toMatchObject({
      state: 'running',
      stateReason: 'adopted',
      sessionContextId: 'S',
    })
    expect(await manager.checkHealth(name)).toBe(true)
    const { manager: cleaning } = await start({ autoCleanup: true }, { endpoint }, backend)
    expect(backend.containers).toEqual([])
    await expect(cleaning.getInfo(name)).rejects.toMatchObject({ code: 'sandbox_not_found' })
  })

  it('replaces a parked sandbox that ends, and marks a claimed one', async () => {
    const { manager, backend, parked } = await start({ poolSize: 1 }, { endpoint })
    await expect.poll(parked).toBe(1)
    const [first] = backend.containers
    await backend.exit(first!.name)
    await expect.poll(() => backend.containers.map(({ name }) => name)).not.toContain(first!.name)
    await expect.poll(parked).toBe(1)
    const claimed = await manager.createFromPool()
    await backend.vanish(claimed)
    await expect.poll(async () => (await manager.getInfo(claimed)).state).toBe('error')
  })
})
