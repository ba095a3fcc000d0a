import { describe, expect, it } from 'vitest'
import { sampleRecord } from './sample-record.ts'
import { openStore, type StateHarness } from './state-harness.ts'

export function lifetimeTests(harness: StateHarness): void {
  describe('life of the store', () => {
    it('answers until it is closed, then says that it does not', async () => {
      const { store } = await openStore(harness)
      await store.ping()
      await store.close()
      await store.close()
      const calls = [store.ping(), store.get('a'), store.insert(sampleRecord()), store.countActive(), store.listPools()]
      for (const call of calls) await expect(call).rejects.toMatchObject({ code: 'state_unavailable' })
    })

    it('shows another connection the same data, unless it belongs to one process', async () => {
      const { store, connect } = await openStore(harness)
      expect(store.ephemeral).toBe(connect === undefined)
      if (!connect) return
      const other = await connect()
      const record = sampleRecord()
      await store.insert(record)
      expect(await other.get(record.name)).toEqual(record)
      await other.close()
      await store.ping()
    })
  })
}
