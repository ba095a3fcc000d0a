import { describe, expect, it } from 'vitest'
import { Faults } from '../fixtures/faults.fixture.ts'
import { codeOf, Harness, settle } from '../fixtures/harness.fixture.ts'

const runtimeRequests = (world: Harness) => [...world.engine.containers.values()].flatMap(({ requests }) => requests)

describe('the warm pool', () => {
  it('fills at the start, with healthy sandboxes', async () => {
    const world = await Harness.make()
    await world.start({ poolSize: 3 })
    await world.untilParked(3)
    expect(runtimeRequests(world)).toEqual(['GET healthz', 'GET healthz', 'GET healthz'])
    expect([...world.state.records.values()].every(({ state }) => state === 'warm')).toBe(true)
  })

  it('hands out in one operation of the store', async () => {
    const world = await Harness.make()
    const faults = new Faults()
    const manager = await world.start(
      { poolSize: 2 },
      { state: faults.watch('state', world.state, 'state_unavailable') },
    )
    await world.untilParked(2)
    await settle()
    faults.calls.length = 0
    const name = await manager.createFromPool({ meta: { session_ctx_id: 'S' } })
    expect(faults.calls[0]).toBe('state.claim')
    // The rest is the refill, which has begun meanwhile.
    expect(faults.calls.filter((call) => !/countParked|insert/.test(call))).toEqual(['state.claim'])
    expect(await manager.getInfo(name)).toMatchObject({
      state: 'running',
      sessionContextId: 'S',
      stateReason: 'claimed',
    })
    expect(await manager.getSessionMapping('S')).toEqual([name])
  })

  it('hands out without asking the engine or the sandbox', async () => {
    const world = await Harness.make()
    const faults = new Faults()
    const backend = faults.watch('engine', world.engine, 'engine_unavailable')
    const manager = await world.start({ poolSize: 2 }, { backend })
    await world.untilParked(2)
    faults.down.add('engine')
    for (const container of world.engine.containers.values()) container.status = 'paused'
    const requests = runtimeRequests(world)
    const names = [await manager.createFromPool(), await manager.createFromPool()]
    expect(new Set(names)).toEqual(new Set(world.engine.names()))
    expect(runtimeRequests(world)).toEqual(requests)
    expect(await codeOf(manager.createFromPool())).toBe('engine_unavailable')
  })

  it('refills at once, without the clock moving', async () => {
    const world = await Harness.make()
    const manager = await world.start({ poolSize: 2 })
    await world.untilParked(2)
    for (let i = 0; i < 5; i++) {
      await manager.createFromPool()
      await world.untilParked(2)
    }
    expect(world.engine.containers.size).toBe(7)
    expect(world.clock.now()).toBe(1_000_000)
  })

  it('hands out the oldest first, and the same for the asynchronous name of the type', async () => {
    const world = await Harness.make()
    const manager = await world.start({ poolSize: 2 })
    await world.untilParked(2)
    const [oldest] = [...world.state.pools.values()][0]!
    expect(await manager.createFromPool({ sandboxType: 'base_async' })).toBe(oldest)
  })

  it('of another type does not exist: it is made', async () => {
    const world = await Harness.make()
    const manager = await world.start({ poolSize: 1 })
    await world.untilParked(1)
    const name = await manager.createFromPool({ sandboxType: 'gui' })
    expect(await manager.getInfo(name)).toMatchObject({ sandboxType: 'gui', poolKey: null, state: 'running' })
    expect(world.parked()).toBe(1)
  })

  it.each([
    ['POOL_SIZE 0', { poolSize: 0 }],
    ['no scans', { poolSize: 2, scanIntervalMs: 0 }],
  ])('is off with %s', async (_, settings) => {
    const world = await Harness.make()
    const manager = await world.start(settings)
    await settle()
    expect(world.engine.containers.size).toBe(0)
    expect((await manager.getInfo(await manager.createFromPool())).poolKey).toBeNull()
  })

  it('never gives one to two, and never goes above limit or size', async () => {
    const world = await Harness.make()
    const manager = await world.start({ poolSize: 5, maxInstances: 20 })
    await world.untilParked(5)
    const results = await Promise.allSettled(Array.from({ length: 50 }, () => manager.createFromPool()))
    const names = results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []))
    expect(new Set(names).size).toBe(names.length)
    expect(names).toHaveLength(20)
    expect(world.engine.most).toBeLessThanOrEqual(20)
    const codes = results.flatMap((result) =>
      result.status === 'rejected' ? [(result.reason as { code: string }).code] : [],
    )
    expect(new Set(codes)).toEqual(new Set(['limit_reached']))
  })

  it('never makes more than two at once, nor more than its size', async () => {
    const world = await Harness.make()
    world.engine.healthy = false
    await world.start({ poolSize: 5 })
    await expect.poll(() => world.engine.containers.size).toBe(2)
    await world.pass(5000)
    expect(world.engine.containers.size).toBe(2)
    world.engine.healthy = true
    for (const container of world.engine.containers.values()) container.healthy = true
    await world.until(() => world.parked(), 5, 100)
    await world.pass(5000)
    expect(world.engine.most).toBe(5)
  })

  it('does not hand out what is not healthy yet', async () => {
    const world = await Harness.make()
    world.engine.healthy = false
    await world.start({ poolSize: 1 })
    await expect.poll(() => world.engine.containers.size).toBe(1)
    await settle()
    expect(world.parked()).toBe(0)
  })
})

describe('room in the limit', () => {
  it('is made for a caller by a parked sandbox', async () => {
    const world = await Harness.make()
    const manager = await world.start({ poolSize: 2, maxInstances: 3 })
    await world.untilParked(2)
    const names = [await manager.create({ sandboxType: 'gui' }), await manager.create({ sandboxType: 'gui' })]
    expect(names).toHaveLength(2)
    await manager.create({ sandboxType: 'gui' })
    expect(world.parked()).toBe(0)
    expect(await codeOf(manager.create({ sandboxType: 'gui' }))).toBe('limit_reached')
    expect(world.engine.most).toBe(3)
    // A release gives the pool its place back, at once.
    await manager.release(names[0]!)
    await world.untilParked(1)
    expect(world.engine.most).toBe(3)
  })
})

describe('a pool that cannot be filled', () => {
  it('tries again ever more slowly, and says so once for each try', async () => {
    const world = await Harness.make()
    const faults = new Faults()
    const backend = faults.watch('engine', world.engine, 'image_unavailable')
    const failing = new Proxy(backend, {
      get: (target, property) =>
        property === 'create' && faults.down.has('create')
          ? () => {
              world.engine.calls.push('create')
              return Promise.reject(new Error('no room on the disk'))
            }
          : (Reflect.get(target, property) as unknown),
    })
    faults.down.add('create')
    await world.start({ poolSize: 2 }, { backend: failing })
    const tries = () => world.logged.filter(({ message }) => message === 'a sandbox for the pool could not be made')
    await expect.poll(() => tries().length).toBe(1)
    await world.pass(60_000, 250)
    const delays = tries().map(({ fields }) => fields['retryInMs'] as number)
    // Half to all of 0.5, 1, 2, … 15 s; the middle with the random numbers of this test.
    expect(delays.slice(0, 6)).toEqual([375, 750, 1500, 3000, 6000, 11250])
    expect(Math.max(...delays)).toBe(11250)
    expect(world.state.records.size).toBe(0)
    faults.down.clear()
    await world.pass(15_000)
    await world.untilParked(2)
  })

  it('does not keep others from their sandboxes', async () => {
    const world = await Harness.make()
    const { engine } = world
    const backend = new Proxy(engine, {
      get: (target, property) => {
        if (property === 'resolveImage') return () => Promise.reject(new Error('registry away'))
        const value = Reflect.get(target, property) as unknown
        return typeof value === 'function' ? (value.bind(target) as unknown) : value
      },
    })
    const manager = await world.start({ poolSize: 1 }, { backend })
    expect(await manager.createFromPool()).toMatch(/^box-/)
    await world.pass(120_000)
    expect(world.logged.filter(({ message }) => message === 'a pool cannot find its image').length).toBeLessThan(25)
  })
})

describe('parked sandboxes are replaced', () => {
  it('when their container exits', async () => {
    const world = await Harness.make()
    await world.start({ poolSize: 2 })
    await world.untilParked(2)
    const [dead] = world.engine.names()
    world.engine.kill(dead!)
    await expect.poll(() => world.record(dead!).state).toBe('released')
    await world.untilParked(2)
    expect(world.engine.names()).not.toContain(dead)
    expect(world.clock.now()).toBe(1_000_000)
  })

  it('when the image changes, and none of the old is handed out', async () => {
    const world = await Harness.make()
    const manager = await world.start({ poolSize: 2 })
    await world.untilParked(2)
    const old = world.engine.names()
    world.engine.imageId = 'sha256:two'
    await world.clock.advance(1000)
    await expect.poll(() => world.engine.names().filter((name) => old.includes(name))).toEqual([])
    await world.untilParked(2)
    expect(await manager.getInfo(await manager.createFromPool())).toMatchObject({ imageId: 'sha256:two' })
  })

  it('when the type is registered anew', async () => {
    const world = await Harness.make()
    const manager = await world.start({ poolSize: 1 })
    await world.untilParked(1)
    world.registry.register('example/other:1', { sandboxType: 'base' })
    await world.clock.advance(1000)
    await expect
      .poll(async () => [...world.engine.containers.values()].map(({ spec }) => spec.image))
      .toEqual(['example/other:1'])
    await world.untilParked(1)
    expect(await manager.getInfo(await manager.createFromPool())).toMatchObject({ image: 'example/other:1' })
  })

  it('when they are too old', async () => {
    const world = await Harness.make()
    await world.start({ poolSize: 1, maxParkedAgeMs: 60_000 })
    await world.untilParked(1)
    const [old] = world.engine.names()
    await world.pass(50_000)
    expect(world.engine.names()).toEqual([old])
    await world.pass(60_000)
    await expect.poll(() => world.engine.names()).not.toContain(old)
    await world.untilParked(1)
    expect(world.record(old!)).toMatchObject({ state: 'released', stateReason: 'too old' })
  })

  it('when they do not answer any more, each asked every half minute at most', async () => {
    const world = await Harness.make()
    await world.start({ poolSize: 2 })
    await world.untilParked(2)
    const [sick, well] = [...world.engine.containers.values()]
    sick!.healthy = false
    await world.pass(31_000)
    await expect.poll(() => world.engine.names()).not.toContain(sick!.spec.name)
    await world.untilParked(2)
    expect(well!.requests.length).toBe(2)
  })

  it('and a used one never comes back', async () => {
    const world = await Harness.make()
    const manager = await world.start({ poolSize: 1 })
    await world.untilParked(1)
    const used = await manager.createFromPool()
    await manager.release(used)
    await world.pass(60_000)
    await world.untilParked(1)
    expect([...world.state.pools.values()].flat()).not.toContain(used)
  })

  it('costs the engine only a look at the image while nothing changes', async () => {
    const world = await Harness.make()
    await world.start({ poolSize: 2 })
    await world.untilParked(2)
    await settle()
    world.engine.calls.length = 0
    await world.pass(5000)
    expect(world.engine.calls).toEqual(['resolveImage', 'resolveImage', 'resolveImage', 'resolveImage', 'resolveImage'])
  })
})

describe('a claim', () => {
  it('of a caller that is gone is given back', async () => {
    const world = await Harness.make()
    const abort = new AbortController()
    const claiming = new Proxy(world.state, {
      get: (target, property) => {
        const value = Reflect.get(target, property) as unknown
        if (typeof value !== 'function') return value
        return async (...parameters: unknown[]) => {
          const result: unknown = await (value as (...all: unknown[]) => unknown).apply(target, parameters)
          if (property === 'claim') abort.abort(new Error('gone'))
          return result
        }
      },
    })
    const state = Object.assign(Object.create(claiming) as typeof claiming, {
      list: world.state.list.bind(world.state),
    })
    const manager = await world.start({ poolSize: 1 }, { state })
    await world.untilParked(1)
    const [name] = world.engine.names()
    await expect(manager.createFromPool({ signal: abort.signal })).rejects.toThrow('gone')
    expect(world.record(name!)).toMatchObject({ state: 'released' })
    expect(world.engine.names()).not.toContain(name)
  })
})
