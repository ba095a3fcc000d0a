import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { codeOf, FakeStorage, Harness } from '../fixtures/harness.fixture.ts'

describe('release', () => {
  it('of something unknown is done already', async () => {
    const world = await Harness.make()
    const manager = await world.start()
    expect(await manager.release('box-nobody')).toBe(true)
    expect(await manager.release('')).toBe(true)
  })

  it('removes the sandbox, frees its session and its place, and keeps the record for a while', async () => {
    const world = await Harness.make()
    const manager = await world.start({ maxInstances: 1 })
    const name = await manager.create({ meta: { session_ctx_id: 'S', other: 1 } })
    const { sessionId } = await manager.getInfo(name)
    expect(await manager.release(sessionId)).toBe(true)
    expect(world.engine.containers.size).toBe(0)
    expect([await manager.listSessionKeys(), await manager.getSessionMapping('S')]).toEqual([[], []])
    expect(await manager.getInfo(name)).toMatchObject({
      state: 'released',
      stateReason: 'released by its caller',
      sessionContextId: null,
      meta: { other: 1 },
      releasedAt: world.clock.now(),
    })
    await manager.create()
    await world.clock.advance(3_700_000)
    await world.until(() => world.state.records.has(name), false, 10_000)
    expect(await codeOf(manager.getInfo(name))).toBe('sandbox_not_found')
  })

  it('twice is once', async () => {
    const world = await Harness.make()
    const manager = await world.start()
    const name = await manager.create()
    world.engine.calls.length = 0
    expect(await Promise.all(Array.from({ length: 10 }, () => manager.release(name)))).toEqual(Array(10).fill(true))
    expect(await manager.release(name)).toBe(true)
    expect(world.engine.calls).toEqual(['remove'])
  })

  it('is done also when the container is gone already', async () => {
    const world = await Harness.make()
    const manager = await world.start()
    const name = await manager.create()
    world.engine.vanish(name)
    expect(await manager.release(name)).toBe(true)
  })

  it('takes a parked sandbox out of its pool', async () => {
    const world = await Harness.make()
    const manager = await world.start({ poolSize: 1 })
    await world.untilParked(1)
    const [parked] = world.engine.names()
    expect(await manager.release(parked!)).toBe(true)
    expect(world.engine.names()).not.toContain(parked)
    await world.untilParked(1)
  })

  it('of a sandbox that is being made ends its making', async () => {
    const world = await Harness.make()
    const manager = await world.start()
    world.engine.healthy = false
    const creating = codeOf(manager.create())
    await expect.poll(() => world.engine.containers.size).toBe(1)
    const [name] = world.engine.names()
    await manager.release(name!)
    let result: string | undefined
    void creating.then((code) => (result = code))
    await world.until(() => result, 'sandbox_start_failed', 300)
    expect([world.engine.containers.size, world.state.active()]).toEqual([0, 0])
  })

  it('of a replaced sandbox releases what replaced it', async () => {
    const world = await Harness.make()
    const manager = await world.start()
    const [first, second] = [await manager.create(), await manager.create()]
    world.engine.vanish(first)
    Object.assign(world.record(first), { state: 'replaced', redirectTo: second })
    expect(await manager.release(first)).toBe(true)
    expect([world.record(first).state, world.record(second).state]).toEqual(['released', 'released'])
    expect(world.engine.containers.size).toBe(0)
  })

  it('does not go round in a circle of replacements', async () => {
    const world = await Harness.make()
    const manager = await world.start()
    const name = await manager.create()
    Object.assign(world.record(name), { state: 'replaced', redirectTo: name })
    expect(await codeOf(manager.release(name))).toBe('redirect_loop')
    await expect(manager.getInfo(name)).rejects.toMatchObject({
      code: 'redirect_loop',
      message: `Redirect loop detected for container ${name}`,
    })
  })

  it('keeps the directory when the storage fails, says so, and tries again', async () => {
    const world = await Harness.make()
    const storage = new FakeStorage()
    const upload = storage.upload.bind(storage)
    storage.upload = () => Promise.reject(new Error('storage away'))
    const manager = await world.start({ workspaceRoot: world.root }, { storage })
    const name = await manager.create({ storagePath: 'a' })
    const { sessionId } = world.record(name)
    await mkdir(join(world.root, sessionId, 'result'))
    expect(await manager.release(name)).toBe(true)
    expect(world.engine.containers.size).toBe(0)
    expect(await world.workspaces()).toEqual([sessionId])
    expect(world.record(name)).toMatchObject({
      state: 'released',
      stateReason: expect.stringContaining('stays on the host'),
    })
    const logged = world.logged.find(({ level }) => level === 'error')
    expect(logged?.fields).toMatchObject({ name, directory: join(world.root, sessionId) })
    const noted = world.record(name).revision
    await world.pass(60_000, 5000)
    expect(world.record(name).revision).toBe(noted)
    storage.upload = upload
    await world.until(() => world.workspaces(), [], 60_000)
    expect(storage.kept.get('a')).toEqual(['result'])
    await expect.poll(() => world.record(name).releasedAt).not.toBeNull()
  })

  it('ends calls that are under way', async () => {
    const world = await Harness.make()
    const manager = await world.start()
    const name = await manager.create()
    let reached = () => {}
    const called = new Promise<void>((resolve) => (reached = resolve))
    world.engine.answer = () => reached()
    const call = codeOf(manager.callTool(name, 'run_shell_command', { arguments: { command: 'sleep 100' } }))
    await called
    await manager.release(name)
    expect(await call).toBe('sandbox_not_running')
  })
})

describe('cleanup', () => {
  it('ends everything of this deployment, parked ones too, and nothing of another', async () => {
    const world = await Harness.make()
    const other = await world.start({ prefix: 'other-' })
    const manager = await world.start({ poolSize: 1 })
    const kept = await other.create()
    await manager.create()
    await world.untilParked(1)
    const before = world.engine.names()
    await manager.cleanup()
    expect(world.engine.names().filter((name) => before.includes(name))).toEqual([kept])
    // The server goes on: the pool is filled again.
    await world.untilParked(1)
  })
})
