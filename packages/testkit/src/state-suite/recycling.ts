import { describe, expect, it } from 'vitest'
import type { StateStore } from '@runtime-sandbox/core'
import { sampleRecord } from './sample-record.ts'
import { atOnce, openPeers, openStore, type StateHarness } from './state-harness.ts'

async function addRunning(store: StateStore, lastActiveAt: number | null = 1000): Promise<string> {
  const record = sampleRecord({ state: 'running', sessionContextId: 'S', lastActiveAt, createdAt: 500 })
  await store.insert(record)
  return record.name
}

const idle = { idleBefore: 2000, reason: 'heartbeat_timeout', at: 5000 }

export function recyclingTests(harness: StateHarness): void {
  describe('recycling', () => {
    it('takes a running sandbox that was idle, and tells why', async () => {
      const { store } = await openStore(harness)
      const name = await addRunning(store)
      const recycled = await store.recycleIdle(name, idle)
      const told = { state: 'recycled', stateReason: 'heartbeat_timeout', recycleReason: 'heartbeat_timeout' }
      expect(recycled).toMatchObject({ ...told, updatedAt: 5000, revision: 2, sessionContextId: 'S' })
      expect(await store.get(name)).toEqual(recycled)
      expect(await store.countActive()).toBe(0)
      expect(await store.listSessionSandboxes('S')).toEqual([name])
    })

    it('leaves one that was active at that time or later, or is not running', async () => {
      const { store } = await openStore(harness)
      const name = await addRunning(store, 2000)
      expect(await store.recycleIdle(name, idle)).toBeUndefined()
      expect(await store.recycleIdle(name, { ...idle, idleBefore: 2001 })).toBeDefined()
      expect(await store.recycleIdle(name, { ...idle, idleBefore: 9999 })).toBeUndefined()
      expect(await store.recycleIdle('nobody', idle)).toBeUndefined()
    })

    it('counts from the creation where no activity was noted', async () => {
      const { store } = await openStore(harness)
      const name = await addRunning(store, null)
      expect(await store.recycleIdle(name, { ...idle, idleBefore: 500 })).toBeUndefined()
      expect(await store.recycleIdle(name, { ...idle, idleBefore: 501 })).toBeDefined()
    })

    it('and a touch at the same time never both have it', async () => {
      const peers = await openPeers(harness)
      for (let round = 0; round < 10; round++) {
        const name = await addRunning(peers[0])
        const results = await atOnce<unknown>(peers, 2, (store, index) =>
          (round + index) % 2 === 0 ? store.recycleIdle(name, idle) : store.touchSession('S', 3000),
        )
        const values = results.map((result) => (result.status === 'fulfilled' ? result.value : undefined))
        const marked = values.find((value) => Array.isArray(value)) as readonly string[]
        const { state } = (await peers[0].get(name))!
        expect(state).toBe(marked.includes(name) ? 'running' : 'recycled')
        await peers[0].remove(name)
      }
    })

    it('is done by one of many at once', async () => {
      const peers = await openPeers(harness)
      const name = await addRunning(peers[0])
      const results = await atOnce(peers, 10, (store) => store.recycleIdle(name, idle))
      const wins = results.filter((result) => result.status === 'fulfilled' && result.value !== undefined)
      expect(wins).toHaveLength(1)
    })

    it('lists what was recycled, strictly before the time, oldest first, at most so many', async () => {
      const { store } = await openStore(harness)
      const records = [3000, 1000, 2000].map((updatedAt) => sampleRecord({ state: 'recycled', updatedAt }))
      for (const record of records) await store.insert(record)
      const [last, first, second] = records.map(({ name }) => name)
      expect(await store.listRecycled(1000, 10)).toEqual([])
      expect(await store.listRecycled(3000, 10)).toEqual([first, second])
      expect(await store.listRecycled(9999, 1)).toEqual([first])
      await store.update(first!, 1, { state: 'replaced' }, 4000)
      expect(await store.listRecycled(9999, 10)).toEqual([second, last])
      await store.remove(second!)
      expect(await store.listRecycled(9999, 10)).toEqual([last])
    })
  })
}
