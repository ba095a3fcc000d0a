import { describe, expect, it } from 'vitest'
import { codeOf, Harness, settle } from '../fixtures/harness.fixture.ts'

describe('at the worst moment', () => {
  it('a sick sandbox that is claimed before it is evicted stays with its caller', async () => {
    const world = await Harness.make()
    const manager = await world.start({ poolSize: 1 })
    await world.untilParked(1)
    const [sick] = world.engine.containers.values()
    sick!.healthy = false
    const withdraw = world.state.withdraw.bind(world.state)
    let claimed: string | undefined
    world.state.withdraw = async (name) => {
      if (name === sick!.spec.name && claimed === undefined) {
        claimed = 'soon'
        claimed = await manager.createFromPool()
        return false
      }
      return withdraw(name)
    }
    await world.until(() => claimed === sick!.spec.name, true)
    await settle()
    expect(world.engine.names()).toContain(claimed)
    expect(world.record(claimed!)).toMatchObject({ state: 'running', stateReason: 'claimed' })
  })

  it('a container that exits while its record becomes running is not handed out', async () => {
    const world = await Harness.make()
    const manager = await world.start()
    await expect.poll(() => world.engine.calls).toContain('watch')
    const update = world.state.update.bind(world.state)
    world.state.update = async (name, revision, patch, at) => {
      if (patch.state === 'running') {
        // The event comes while the record still says creating, so that it is the maker's alone.
        world.engine.kill(name)
        await settle()
      }
      return update(name, revision, patch, at)
    }
    expect(await codeOf(manager.create())).toBe('sandbox_start_failed')
    expect([world.engine.names(), world.state.active()]).toEqual([[], 0])
  })

  it('a sandbox whose image changed while it was made is not kept for anybody', async () => {
    const world = await Harness.make()
    world.engine.healthy = false
    const manager = await world.start({ poolSize: 1 })
    await expect.poll(() => world.engine.containers.size).toBe(1)
    const [old] = world.engine.containers.values()
    world.engine.imageId = 'sha256:two'
    world.engine.healthy = true
    await world.pass(2000)
    old!.healthy = true
    await world.until(() => world.engine.names().includes(old!.spec.name), false, 300)
    await world.until(() => world.parked(), 1, 300)
    expect(await manager.getInfo(await manager.createFromPool())).toMatchObject({ imageId: 'sha256:two' })
  })

  it('the place that a parked sandbox made for a caller is not taken by the pool', async () => {
    const world = await Harness.make()
    const manager = await world.start({ poolSize: 1, maxInstances: 1 })
    await world.untilParked(1)
    const update = world.state.update.bind(world.state)
    world.state.update = async (...parameters) => {
      const record = await update(...parameters)
      // A scan, and all the time that a refill needs.
      if (record.state === 'released') await world.pass(2000)
      return record
    }
    const name = await manager.create({ sandboxType: 'gui' })
    expect(world.engine.names()).toEqual([name])
    expect(world.logged.filter(({ fields }) => fields['reason'] === 'made room for a caller')).not.toEqual([])
  })

  it('a sandbox that is released while its pool destroys it is released once', async () => {
    const world = await Harness.make()
    const manager = await world.start({ poolSize: 1 })
    await world.untilParked(1)
    const [name] = world.engine.names()
    world.engine.kill(name!)
    await Promise.all([manager.release(name!), manager.release(name!)])
    await expect.poll(() => world.record(name!).releasedAt).not.toBeNull()
    const ends = world.events.filter((event) => event.name === name && event.from === 'warm')
    expect(ends).toHaveLength(1)
  })
})
