import { describe, expect, it } from 'vitest'
import type { SandboxState, StateStore } from '@runtime-sandbox/core'
import { sampleRecord } from './sample-record.ts'
import { atOnce, fulfilled, openPeers, openStore, type StateHarness } from './state-harness.ts'

const nobody = { meta: {}, sessionContextId: null, at: 5000 }

async function parkMany(store: StateStore, count: number, poolKey = 'base:1'): Promise<string[]> {
  const names: string[] = []
  for (let i = 0; i < count; i++) {
    const record = sampleRecord({ state: 'warm', poolKey })
    await store.insert(record)
    await store.park(record.name)
    names.push(record.name)
  }
  return names
}

export function poolTests(harness: StateHarness): void {
  describe('pools', () => {
    it('hands out the oldest first, and nothing when empty', async () => {
      const { store } = await openStore(harness)
      const names = await parkMany(store, 3)
      expect(await store.listParked('base:1')).toEqual(names)
      const claimed = []
      for (let i = 0; i < 4; i++) claimed.push((await store.claim('base:1', nobody))?.name)
      expect(claimed).toEqual([...names, undefined])
      expect([await store.countParked('base:1'), await store.listPools()]).toEqual([0, []])
    })

    it('makes what is claimed running and binds it to its session, in one step', async () => {
      const { store } = await openStore(harness)
      const [name] = await parkMany(store, 1)
      const before = await store.get(name!)
      const meta = { session_ctx_id: 'S', more: [1] }
      const claimed = await store.claim('base:1', { meta, sessionContextId: 'S', at: 5000 })
      expect(claimed).toEqual({
        ...before,
        meta,
        sessionContextId: 'S',
        state: 'running',
        stateReason: 'claimed',
        lastActiveAt: 5000,
        updatedAt: 5000,
        revision: 2,
      })
      expect(await store.get(name!)).toEqual(claimed)
      expect(await store.listSessionSandboxes('S')).toEqual([name])
      expect(await store.listIdleSessions(5001, 10)).toEqual(['S'])
      expect(await store.countActive()).toBe(1)
    })

    it('keeps pools apart', async () => {
      const { store } = await openStore(harness)
      const [ofOne] = await parkMany(store, 1, 'base:1')
      const ofTen = await parkMany(store, 2, 'base:10')
      expect((await store.listPools()).toSorted()).toEqual(['base:1', 'base:10'])
      expect([await store.countParked('base:1'), await store.countParked('base:10')]).toEqual([1, 2])
      expect((await store.claim('base:1', nobody))!.name).toBe(ofOne)
      expect(await store.claim('base:1', nobody)).toBeUndefined()
      expect(await store.claim('base', nobody)).toBeUndefined()
      expect(await store.listParked('base:10')).toEqual(ofTen)
    })

    it('parks only what is warm and was made for a pool', async () => {
      const { store } = await openStore(harness)
      const creating = sampleRecord({ poolKey: 'base:1' })
      const homeless = sampleRecord({ state: 'warm' })
      for (const record of [creating, homeless]) {
        await store.insert(record)
        await expect(store.park(record.name)).rejects.toMatchObject({ code: 'conflict' })
      }
      await expect(store.park('nobody')).rejects.toMatchObject({ code: 'sandbox_not_found' })
      expect(await store.listPools()).toEqual([])
    })

    it('parks a sandbox once, at the place where it is', async () => {
      const { store } = await openStore(harness)
      const names = await parkMany(store, 2)
      await store.park(names[0]!)
      expect(await store.listParked('base:1')).toEqual(names)
      expect(await store.countParked('base:1')).toBe(2)
    })

    it('does not hand out what is warm but not parked', async () => {
      const { store } = await openStore(harness)
      await store.insert(sampleRecord({ state: 'warm', poolKey: 'base:1' }))
      expect(await store.claim('base:1', nobody)).toBeUndefined()
    })

    it.each<SandboxState>(['creating', 'running', 'recycled', 'replaced', 'released', 'error'])(
      'lets go of a sandbox that becomes %s',
      async (state) => {
        const { store } = await openStore(harness)
        const [name] = await parkMany(store, 1)
        await store.update(name!, 1, { state }, 2000)
        expect([await store.countParked('base:1'), await store.listPools()]).toEqual([0, []])
        expect(await store.withdraw(name!)).toBe(false)
        expect(await store.claim('base:1', nobody)).toBeUndefined()
      },
    )

    it('keeps a parked sandbox through other changes, and lets go of a removed one', async () => {
      const { store } = await openStore(harness)
      const [name] = await parkMany(store, 1)
      await store.update(name!, 1, { stateReason: 'looked at' }, 2000)
      expect(await store.listParked('base:1')).toEqual([name])
      await store.remove(name!)
      expect(await store.listParked('base:1')).toEqual([])
      expect(await store.claim('base:1', nobody)).toBeUndefined()
    })

    it('withdraws for one caller; the sandbox stays warm and can be parked again', async () => {
      const { store } = await openStore(harness)
      const [first, second] = await parkMany(store, 2)
      expect([await store.withdraw(first!), await store.withdraw(first!), await store.withdraw('nobody')]).toEqual([
        true,
        false,
        false,
      ])
      expect((await store.get(first!))!.state).toBe('warm')
      await store.park(first!)
      expect(await store.listParked('base:1')).toEqual([second, first])
    })

    it('never hands one sandbox to two callers', async () => {
      const peers = await openPeers(harness)
      const names = await parkMany(peers[0], 50)
      const results = await atOnce(peers, 80, (store, index) =>
        store.claim('base:1', { meta: {}, sessionContextId: `S${index}`, at: 5000 }),
      )
      const claimed = fulfilled(results).filter((record) => record !== undefined)
      expect(claimed.map(({ name }) => name).toSorted()).toEqual(names.toSorted())
      for (const { name, sessionContextId } of claimed) {
        expect((await peers[1].get(name))!.sessionContextId).toBe(sessionContextId)
      }
    })

    it('gives each sandbox to either its claimer or its withdrawer', async () => {
      const peers = await openPeers(harness)
      const names = await parkMany(peers[0], 40)
      const claims = atOnce(peers, 40, (store) => store.claim('base:1', nobody))
      const withdrawals = atOnce([peers[1], peers[0]], 40, async (store, index) => ({
        name: names[39 - index]!,
        won: await store.withdraw(names[39 - index]!),
      }))
      const claimed = fulfilled(await claims).flatMap((record) => record?.name ?? [])
      const withdrawn = fulfilled(await withdrawals).filter(({ won }) => won)
      const owners = [...claimed, ...withdrawn.map(({ name }) => name)]
      expect(owners.toSorted()).toEqual(names.toSorted())
      expect(await peers[0].countParked('base:1')).toBe(0)
    })
  })
}
