import { describe, expect, it } from 'vitest'
import { activeStates, type SandboxState } from '@runtime-sandbox/core'
import { sampleRecord } from './sample-record.ts'
import { atOnce, fulfilled, openPeers, openStore, type StateHarness } from './state-harness.ts'

export function capacityTests(harness: StateHarness): void {
  describe('capacity', () => {
    it('is exact under 200 inserts at once', async () => {
      const peers = await openPeers(harness)
      const results = await atOnce(peers, 200, (store) => store.insert(sampleRecord(), { capacity: 17 }))
      expect(fulfilled(results, 'limit_reached')).toHaveLength(17)
      expect(await peers[0].countActive()).toBe(17)
      expect(await Array.fromAsync(peers[1].list())).toHaveLength(17)
    })

    it('has no limit unless one is given', async () => {
      const { store } = await openStore(harness)
      for (let i = 0; i < 5; i++) await store.insert(sampleRecord())
      await store.insert(sampleRecord(), {})
      await store.insert(sampleRecord(), { capacity: undefined })
      await expect(store.insert(sampleRecord(), { capacity: 7 })).rejects.toMatchObject({ code: 'limit_reached' })
      await store.insert(sampleRecord(), { capacity: 8 })
    })

    it('refuses all when it is 0', async () => {
      const { store } = await openStore(harness)
      await expect(store.insert(sampleRecord(), { capacity: 0 })).rejects.toMatchObject({ code: 'limit_reached' })
    })

    it('counts active states only, and follows every change', async () => {
      const { store } = await openStore(harness)
      const record = sampleRecord()
      await store.insert(record)
      const steps: SandboxState[] = [
        'warm',
        'running',
        'recycled',
        'replaced',
        'running',
        'error',
        'creating',
        'released',
      ]
      for (const [index, state] of steps.entries()) {
        await store.update(record.name, index + 1, { state }, 2000)
        expect(await store.countActive(), state).toBe(activeStates.includes(state) ? 1 : 0)
      }
      await store.insert(sampleRecord({ state: 'error' }), { capacity: 0 })
      await store.insert(sampleRecord(), { capacity: 1 })
    })

    it('is free again when a sandbox ends, once for each', async () => {
      const { store } = await openStore(harness)
      const records = Array.from({ length: 3 }, () => sampleRecord())
      for (const record of records) await store.insert(record, { capacity: 3 })
      await expect(store.insert(sampleRecord(), { capacity: 3 })).rejects.toMatchObject({ code: 'limit_reached' })
      await store.update(records[0]!.name, 1, { state: 'released' }, 2000)
      await store.remove(records[0]!.name)
      await store.remove(records[0]!.name)
      await store.insert(sampleRecord(), { capacity: 3 })
      await expect(store.insert(sampleRecord(), { capacity: 3 })).rejects.toMatchObject({ code: 'limit_reached' })
    })
  })
}
