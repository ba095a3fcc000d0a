import { describe, expect, it } from 'vitest'
import { Faults } from './fixtures/faults.fixture.ts'
import { codeOf, Harness } from './fixtures/harness.fixture.ts'

describe('close', () => {
  it('destroys everything with AUTO_CLEANUP', async () => {
    const world = await Harness.make()
    const manager = await world.start({ poolSize: 2, workspaceRoot: world.root })
    await world.untilParked(2)
    for (let i = 0; i < 10; i++) await manager.create()
    await manager.close()
    expect([world.engine.containers.size, world.state.active(), await world.workspaces()]).toEqual([0, 0, []])
  })

  it('keeps what callers have without it, and destroys what is parked', async () => {
    const world = await Harness.make()
    const manager = await world.start({ poolSize: 2, autoCleanup: false })
    await world.untilParked(2)
    const names = [await manager.create(), await manager.createFromPool()]
    await manager.close()
    expect(world.engine.names().toSorted()).toEqual(names.toSorted())
    expect([...world.state.records.values()].filter(({ state }) => state === 'running')).toHaveLength(2)
  })

  it('aborts what is being made, for callers and for the pool, and leaves nothing of it', async () => {
    const world = await Harness.make()
    world.engine.healthy = false
    const manager = await world.start({ poolSize: 2, workspaceRoot: world.root, autoCleanup: false })
    const creating = [codeOf(manager.create()), codeOf(manager.createFromPool({ sandboxType: 'gui' }))]
    await expect.poll(() => world.engine.containers.size).toBe(4)
    await manager.close()
    expect(await Promise.all(creating)).toEqual(['shutting_down', 'shutting_down'])
    expect([world.engine.containers.size, world.state.records.size, await world.workspaces()]).toEqual([0, 0, []])
  })

  it('refuses new work, at any moment of its course', async () => {
    const world = await Harness.make()
    const manager = await world.start({ poolSize: 1 })
    const name = await manager.create()
    const closing = manager.close()
    const calls = [
      manager.create(),
      manager.createFromPool(),
      manager.callTool(name, 'x'),
      manager.release(name),
      manager.start(name),
      manager.cleanup(),
      manager.fetchRuntime(name, { method: 'GET', path: 'healthz' }),
    ]
    expect(await Promise.all(calls.map(codeOf))).toEqual(calls.map(() => 'shutting_down'))
    await closing
    expect(await codeOf(manager.create())).toBe('shutting_down')
    expect(world.engine.containers.size).toBe(0)
  })

  it('waits for a release that is under way', async () => {
    const world = await Harness.make()
    const manager = await world.start({ autoCleanup: false })
    const name = await manager.create()
    const releasing = manager.release(name)
    await manager.close()
    expect(await releasing).toBe(true)
    expect(world.engine.containers.size).toBe(0)
  })

  it('ends calls, timers and watches', async () => {
    const world = await Harness.make()
    const manager = await world.start({ poolSize: 1 })
    const name = await manager.create()
    let asked = false
    world.engine.answer = () => void (asked = true)
    const call = codeOf(manager.callTool(name, 'x'))
    await expect.poll(() => asked).toBe(true)
    await Promise.all([manager.close(), manager.close()])
    await manager[Symbol.asyncDispose]()
    expect(await call).toBe('shutting_down')
    expect(world.clock.pending).toBe(0)
    world.engine.calls.length = 0
    await world.pass(60_000, 5000)
    expect(world.engine.calls).toEqual([])
  })

  it('ends also when engine or store are away, and says what is left', async () => {
    for (const part of ['engine', 'state']) {
      const world = await Harness.make()
      const faults = new Faults()
      const manager = await world.start(
        {},
        {
          backend: faults.watch('engine', world.engine, 'engine_unavailable'),
          state: faults.watch('state', world.state, 'state_unavailable'),
        },
      )
      await manager.create()
      faults.down.add(part)
      await manager.close()
      expect(world.logged.filter(({ level }) => level === 'error')).not.toEqual([])
      expect(world.engine.containers.size).toBe(1)
    }
  })
})
