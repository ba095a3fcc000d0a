import { describe, expect, it } from 'vitest'
import { Faults, type FaultPlace } from '../fixtures/faults.fixture.ts'
import { codeOf, FakeStorage, Harness, type Overrides } from '../fixtures/harness.fixture.ts'

/** A world in which every call to engine, store and storage can fail. */
async function faultyWorld({ ephemeral = true } = {}) {
  const world = await Harness.make()
  world.state.ephemeral = ephemeral
  const faults = new Faults()
  const parts: Overrides = {
    backend: faults.watch('engine', world.engine, 'engine_unavailable'),
    state: faults.watch('state', world.state, 'state_unavailable'),
    storage: faults.watch('storage', new FakeStorage(), 'internal'),
  }
  const manager = await world.start({ workspaceRoot: world.root, storageFolder: 'kept', maxInstances: 2 }, parts)
  faults.calls.length = 0
  return { world, faults, manager }
}

async function expectNothingLeft(world: Harness, hint: string): Promise<void> {
  const left = async () => ({
    containers: world.engine.names(),
    active: world.state.active(),
    workspaces: await world.workspaces(),
    sessions: await world.state.listSessions(),
  })
  await world.until(left, { containers: [], active: 0, workspaces: [], sessions: [] }, 1000, hint)
}

describe.each([{ ephemeral: true }, { ephemeral: false }])('a fault at any call, store $ephemeral', (options) => {
  it.each<FaultPlace>(['before', 'after'])('of a create (%s it is done) leaves nothing', async (place) => {
    for (let index = 0, more = true; more; index++) {
      const { world, faults, manager } = await faultyWorld(options)
      faults.at = { index, place }
      const code = await codeOf(manager.create({ meta: { session_ctx_id: 'S' } }))
      const hint = `call ${index}: ${faults.calls[index]}, ${code}`
      more = index < faults.calls.length
      faults.at = undefined
      if (code === 'no error') for (const name of world.engine.names()) await manager.release(name)
      expect(code, hint).toMatch(/^(no error|engine_unavailable|state_unavailable|internal)$/)
      await expectNothingLeft(world, hint)
      await manager.close()
    }
  })

  it.each<FaultPlace>(['before', 'after'])('of a release (%s it is done) leaves nothing', async (place) => {
    for (let index = 0, more = true; more; index++) {
      const { world, faults, manager } = await faultyWorld(options)
      const name = await manager.create({ meta: { session_ctx_id: 'S' } })
      faults.calls.length = 0
      faults.at = { index, place }
      const code = await codeOf(manager.release(name))
      const hint = `call ${index}: ${faults.calls[index]}, ${code}`
      more = index < faults.calls.length
      faults.at = undefined
      // One that failed before it was noted has changed nothing, and its caller was told.
      const untouched = world.record(name).state === 'running'
      expect(untouched && code !== 'state_unavailable', hint).toBe(false)
      if (untouched) await manager.release(name)
      await expectNothingLeft(world, hint)
      await manager.close()
    }
  })
})

describe('an engine that is away', () => {
  it('while a sandbox is taken back: it is removed when the engine is there again', async () => {
    const { world, faults, manager } = await faultyWorld()
    world.engine.healthy = false
    const creating = codeOf(manager.create())
    await expect.poll(() => world.engine.containers.size).toBe(1)
    faults.down.add('engine')
    world.engine.kill(world.engine.names()[0]!)
    expect(await creating).toBe('sandbox_start_failed')
    expect([...world.state.records.values()]).toMatchObject([{ state: 'released', releasedAt: null }])
    expect(world.state.active()).toBe(0)
    faults.down.clear()
    await expectNothingLeft(world, 'after the engine came back')
    const released = async () => [...world.state.records.values()].map(({ releasedAt }) => releasedAt !== null)
    await world.until(released, [true])
  })

  it('while a sandbox is released: the caller is told, and it is removed later', async () => {
    const { world, faults, manager } = await faultyWorld()
    const name = await manager.create()
    faults.down.add('engine')
    expect(await codeOf(manager.release(name))).toBe('engine_unavailable')
    expect(world.record(name)).toMatchObject({ state: 'released', releasedAt: null })
    expect(await codeOf(manager.callTool(name, 'run_shell_command', { arguments: { command: 'ls' } }))).toBe(
      'sandbox_not_running',
    )
    // A caller that tries again is told the truth again.
    expect(await codeOf(manager.release(name))).toBe('engine_unavailable')
    faults.down.clear()
    expect(await manager.release(name)).toBe(true)
    expect(world.record(name)).toMatchObject({ state: 'released', releasedAt: expect.any(Number) })
    await expectNothingLeft(world, '')
  })

  it('at the start: the manager does not start', async () => {
    const world = await Harness.make()
    const faults = new Faults()
    faults.down.add('engine')
    const backend = faults.watch('engine', world.engine, 'engine_unavailable')
    expect(await codeOf(world.start({}, { backend }))).toBe('engine_unavailable')
  })
})
