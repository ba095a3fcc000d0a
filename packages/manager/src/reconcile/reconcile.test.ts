import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { labels, securityProfile, type ContainerSpec } from '@runtime-sandbox/core'
import { Faults } from '../fixtures/faults.fixture.ts'
import { codeOf, FakeStorage, Harness, settle } from '../fixtures/harness.fixture.ts'
import { MapState } from '../fixtures/map-state.fixture.ts'

const sessionId = 'a'.repeat(25)
const spec = (changes: Record<string, string> = {}, environment: Record<string, string> = { SECRET_TOKEN: 'token' }) =>
  ({
    name: `box-${sessionId}`,
    sandboxType: 'base',
    image: 'example/base:1',
    labels: {
      [labels.deployment]: 'box-',
      [labels.stateKey]: 'store-1',
      [labels.name]: `box-${sessionId}`,
      [labels.sandboxType]: 'base',
      [labels.sessionId]: sessionId,
      [labels.timeoutSeconds]: '30',
      [labels.sessionContextId]: 'S',
      ...changes,
    },
    environment,
    mounts: [{ source: '/srv/x', target: '/workspace', readOnly: false }],
    limits: {},
    security: securityProfile('medium'),
    port: 80,
    runtimeConfig: {},
  }) satisfies ContainerSpec

describe('a resource without a record', () => {
  it('is adopted where sandboxes outlive the server, and can be used', async () => {
    const world = await Harness.make()
    await world.engine.create(spec())
    const manager = await world.start({ autoCleanup: false })
    expect(await manager.getInfo(sessionId)).toMatchObject({
      state: 'running',
      stateReason: 'adopted',
      runtimeToken: 'token',
      timeoutSeconds: 30,
      sessionContextId: 'S',
      mountDir: '/srv/x',
      sandboxType: 'base',
    })
    expect(await manager.checkHealth(sessionId)).toBe(true)
    expect(await manager.getSessionMapping('S')).toEqual([`box-${sessionId}`])
  })

  it.each([
    ['everything is to be cleaned up', { autoCleanup: true }, spec(), true],
    ['it does not survive the server', { autoCleanup: false }, spec(), false],
    ['it tells no token', { autoCleanup: false }, spec({}, {}), true],
    ['its labels contradict its name', { autoCleanup: false }, spec({ [labels.sessionId]: '../../etc' }), true],
  ])('is removed at once by a store that is this process’ own when %s', async (_, settings, given, survives) => {
    const world = await Harness.make()
    world.engine.survivesServer = survives
    await world.engine.create(given)
    await world.start(settings)
    expect(world.engine.containers.size).toBe(0)
    expect(world.state.records.size).toBe(0)
  })

  it('is removed with the workspace that was made for it, once that is kept', async () => {
    const world = await Harness.make()
    const storage = new FakeStorage()
    const settings = { workspaceRoot: world.root, storageFolder: 'kept' }
    const killed = await world.start(settings, { storage })
    const name = await killed.create()
    const { sessionId: id } = world.record(name)
    await mkdir(join(world.root, id, 'result'))
    await world.start(settings, { storage, state: new MapState(world.clock) })
    expect([world.engine.names(), await world.workspaces()]).toEqual([[], []])
    expect([...storage.kept]).toEqual([[`kept/${id}`, ['result']]])
  })

  it('leaves a workspace alone that its labels only claim', async () => {
    const world = await Harness.make()
    await mkdir(join(world.root, 'precious'))
    const mounts = [{ source: join(world.root, 'precious'), target: '/workspace', readOnly: false }]
    await world.engine.create({ ...spec(), mounts })
    await world.start({ workspaceRoot: world.root })
    expect([world.engine.names(), await world.workspaces()]).toEqual([[], ['precious']])
  })

  it('is removed when it has exited', async () => {
    const world = await Harness.make()
    await world.engine.create(spec())
    world.engine.kill(`box-${sessionId}`)
    await world.start({ autoCleanup: false })
    expect(world.engine.containers.size).toBe(0)
  })

  it('has a grace period in a shared store', async () => {
    const world = await Harness.make()
    world.state.ephemeral = false
    await world.engine.create(spec())
    await world.start()
    await world.pass(50_000)
    expect(world.engine.containers.size).toBe(1)
    await world.until(() => world.engine.containers.size, 0, 5000)
  })

  it.each([
    ['another store', { [labels.stateKey]: 'store-2' }],
    ['another deployment', { [labels.deployment]: 'tub-' }],
  ])('of %s is never touched', async (_, changes) => {
    const world = await Harness.make()
    await world.engine.create(spec(changes))
    const manager = await world.start()
    await world.pass(200_000, 5000)
    await manager.cleanup()
    await manager.close()
    expect(world.engine.containers.size).toBe(1)
    expect(world.engine.calls).not.toContain('remove')
  })
})

describe('a record without its container', () => {
  it('is marked at once when the engine tells, and its session is free', async () => {
    const world = await Harness.make()
    const storage = new FakeStorage()
    const manager = await world.start({ workspaceRoot: world.root, storageFolder: 'kept' }, { storage })
    const name = await manager.create({ meta: { session_ctx_id: 'S' } })
    world.engine.kill(name)
    await expect.poll(() => world.record(name).releasedAt).not.toBeNull()
    expect(await manager.getInfo(name)).toMatchObject({ state: 'error', stateReason: 'container lost: exit code 137' })
    expect(await manager.getSessionMapping('S')).toEqual([])
    expect(world.engine.containers.size).toBe(0)
    // What was in it is kept, there and here, until it is released.
    const { sessionId: id } = world.record(name)
    expect([...storage.kept.keys()]).toEqual([`kept/${id}`])
    expect(await world.workspaces()).toEqual([id])
    expect(await codeOf(manager.callTool(name, 'run_shell_command', { arguments: { command: 'ls' } }))).toBe(
      'sandbox_not_running',
    )
    await manager.release(name)
    expect(await world.workspaces()).toEqual([])
    expect(world.clock.now()).toBe(1_000_000)
  })

  it.each([
    ['is gone', (world: Harness, name: string) => world.engine.vanish(name)],
    ['has exited', (world: Harness, name: string) => world.engine.kill(name, { silently: true })],
  ])('is found by a sweep when it %s without a word', async (_, end) => {
    const world = await Harness.make()
    const manager = await world.start()
    const [name, other] = [await manager.create(), await manager.create()]
    end(world, name)
    await world.until(() => world.record(name).state, 'error', 1000)
    expect(world.record(other).state).toBe('running')
    expect(world.engine.names()).toEqual([other])
  })

  it('is found at the start', async () => {
    const world = await Harness.make()
    world.state.ephemeral = false
    const first = await world.start({ autoCleanup: false })
    const name = await first.create()
    await first.close()
    world.engine.vanish(name)
    await world.start({ autoCleanup: false })
    expect(world.record(name)).toMatchObject({ state: 'error', stateReason: expect.stringContaining('container lost') })
  })

  it('is not what a stopped sandbox is', async () => {
    const world = await Harness.make()
    const manager = await world.start()
    const name = await manager.create()
    await manager.stop(name)
    await world.pass(60_000, 5000)
    expect(world.record(name).state).toBe('running')
    expect(await manager.getStatus(name)).toBe('exited')
    world.engine.vanish(name)
    await world.until(() => world.record(name).state, 'error', 1000)
  })

  it('is not what a restarted sandbox is, though its earlier end is told late', async () => {
    const world = await Harness.make()
    const manager = await world.start()
    const name = await manager.create()
    world.engine.tell({ name, kind: 'exited', reason: 'of long ago' })
    await settle()
    expect(world.record(name).state).toBe('running')
  })
})

describe('a server that was killed', () => {
  it('while it made a sandbox: the next one takes it back when the maker’s lease is over', async () => {
    const world = await Harness.make()
    world.state.ephemeral = false
    world.engine.healthy = false
    const killed = await world.start({ workspaceRoot: world.root, maxInstances: 1 })
    void killed.create({ meta: { session_ctx_id: 'S' } }).catch(() => {})
    await expect.poll(() => world.engine.containers.size).toBe(1)
    const [name] = world.engine.names()
    // Its process is gone: nothing of what it began goes on. The world is as it left it.
    const next = await Harness.make()
    next.state.ephemeral = false
    for (const [key, record] of world.state.records) next.state.records.set(key, record)
    for (const [key, lease] of world.state.leases) next.state.leases.set(key, lease)
    for (const [id, container] of world.engine.containers) next.engine.containers.set(id, container)
    const manager = await next.start({ workspaceRoot: world.root, maxInstances: 1 })
    expect(next.record(name!).state).toBe('creating')
    await next.until(() => next.record(name!).state, 'released', 1000)
    await expect.poll(() => next.engine.containers.size).toBe(0)
    await expect.poll(() => world.workspaces()).toEqual([])
    expect(next.clock.now() - 1_000_000).toBeLessThan(40_000)
    expect(await manager.listSessionKeys()).toEqual([])
    expect(await manager.create()).toMatch(/^box-/)
  })

  it('while it parked or evicted one: it is destroyed after a while, parked ones stay', async () => {
    const world = await Harness.make()
    await world.start({ poolSize: 2 })
    await world.untilParked(2)
    const [lost, parked] = world.engine.names()
    await world.state.withdraw(lost!)
    await world.until(() => world.record(lost!).state, 'released', 1000)
    expect(world.record(parked!).state).toBe('warm')
    expect(world.clock.now() - 1_000_000).toBeGreaterThan(60_000)
  })

  it('while it released one: the next one finishes', async () => {
    const world = await Harness.make()
    world.state.ephemeral = false
    const manager = await world.start({ workspaceRoot: world.root })
    const name = await manager.create()
    const record = world.record(name)
    world.state.records.set(name, { ...record, state: 'released', revision: record.revision + 1 })
    await world.until(() => world.engine.containers.size, 0, 1000)
    await world.until(() => world.workspaces(), [], 1000)
    await expect.poll(() => world.record(name).releasedAt).not.toBeNull()
  })

  it('leaves a pool that the next one goes on with', async () => {
    const world = await Harness.make()
    world.state.ephemeral = false
    await world.start({ poolSize: 2 })
    await world.untilParked(2)
    const parked = world.engine.names()
    const next = await world.start({ poolSize: 2 })
    await expect.poll(() => world.engine.calls.filter((call) => call === 'resolveImage').length).toBe(2)
    await settle()
    expect(parked).toContain(await next.createFromPool())
  })
})

describe('a store that lost everything', () => {
  it('is made whole from the engine', async () => {
    const world = await Harness.make()
    const manager = await world.start({ autoCleanup: false })
    const name = await manager.create({ meta: { session_ctx_id: 'S' } })
    const before = await manager.getInfo(name)
    const next = await world.start({ autoCleanup: false }, { state: new MapState(world.clock) })
    const { sessionId: id, containerId, url, runtimeToken, image, meta } = before
    expect(await next.getInfo(name)).toMatchObject({ sessionId: id, containerId, url, runtimeToken, image, meta })
  })
})

describe('a sweep', () => {
  it('does not cut calls to a sandbox that is made while it looks', async () => {
    const world = await Harness.make()
    const list = world.state.list.bind(world.state)
    let during: (() => Promise<void>) | undefined
    world.state.list = async function* (filter) {
      yield* list(filter)
      await during?.()
    }
    const manager = await world.start()
    let call: Promise<string> | undefined
    let finish = () => {}
    world.engine.answer = (_container, _path, _request, response) => {
      finish = () => void response.end('{"content":[],"isError":false}')
    }
    during = async () => {
      during = undefined
      const name = await manager.create()
      call = codeOf(manager.callTool(name, 'x'))
      await expect.poll(() => world.engine.byName(name)!.requests).toContain('POST mcp/call_tool')
    }
    await world.until(() => call !== undefined, true)
    await settle()
    finish()
    expect(await call).toBe('no error')
  })
})

describe('several servers with one store', () => {
  it('sweep one at a time and fill a pool once', async () => {
    const world = await Harness.make()
    world.state.ephemeral = false
    await Promise.all([world.start({ poolSize: 3 }), world.start({ poolSize: 3 }), world.start({ poolSize: 3 })])
    await world.until(() => world.parked(), 3, 1000)
    await world.pass(20_000)
    expect(world.parked()).toBe(3)
    expect(world.engine.most).toBe(3)
  })
})

describe('an outage', () => {
  it('of the events is bridged, and what was missed is found', async () => {
    const world = await Harness.make()
    const faults = new Faults()
    const backend = faults.watch('engine', world.engine, 'engine_unavailable')
    const manager = await world.start({}, { backend })
    const name = await manager.create()
    await expect.poll(() => world.engine.calls).toContain('watch')
    faults.down.add('engine')
    world.engine.interruptWatch()
    world.engine.kill(name, { silently: true })
    await world.pass(30_000)
    expect(world.record(name).state).toBe('running')
    faults.down.clear()
    await world.until(() => world.record(name).state, 'error', 1000)
    const warnings = world.logged.filter(({ level }) => level === 'warn')
    expect(warnings.filter(({ message }) => /events stopped/.test(message))).toHaveLength(1)
    expect(warnings.filter(({ message }) => /could not be compared/.test(message))).toHaveLength(1)
    const other = await manager.create()
    await settle()
    world.engine.kill(other)
    await expect.poll(() => world.record(other).state).toBe('error')
  })

  it('of the store is told to callers, and over when it is over', async () => {
    const world = await Harness.make()
    const faults = new Faults()
    const manager = await world.start({}, { state: faults.watch('state', world.state, 'state_unavailable') })
    const name = await manager.create()
    faults.down.add('state')
    for (const call of [manager.create(), manager.getInfo(name), manager.release(name), manager.listSessionKeys()]) {
      expect(await codeOf(call)).toBe('state_unavailable')
    }
    faults.down.clear()
    expect((await manager.getInfo(name)).state).toBe('running')
    expect(world.engine.names()).toEqual([name])
  })
})

describe('expired records', () => {
  it('are forgotten 200 at a time, and never with a TTL of 0', async () => {
    const world = await Harness.make()
    const manager = await world.start({ releasedRecordTtlMs: 60_000 })
    const name = await manager.create()
    const template = world.record(name)
    for (let i = 0; i < 250; i++) {
      const id = `${i}`.padStart(25, 'x')
      const record = { ...template, name: `box-${id}`, sessionId: id, state: 'released', releasedAt: 1 } as const
      world.state.records.set(record.name, record)
    }
    await world.clock.advance(61_000)
    await world.until(() => world.state.records.size, 51)
    await world.until(() => world.state.records.size, 1, 5000)
    const forever = await Harness.make()
    const keeping = await forever.start({ releasedRecordTtlMs: 0 })
    await keeping.release(await keeping.create())
    await forever.pass(10 ** 8, 10 ** 7)
    expect(forever.state.records.size).toBe(1)
  })
})
