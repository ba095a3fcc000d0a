import { describe, expect, it } from 'vitest'
import { sandboxStateSchema } from '@runtime-sandbox/core'
import { sampleRecord } from './sample-record.ts'
import { openStore, type StateHarness } from './state-harness.ts'

export function expiryTests(harness: StateHarness): void {
  describe('expired records', () => {
    it('are the released, replaced and failed ones, strictly before the time, oldest first, at most so many', async () => {
      const { store } = await openStore(harness)
      const ended = (['error', 'released', 'replaced'] as const).map((state, index) =>
        sampleRecord({ state, updatedAt: 3000 - index * 1000 }),
      )
      for (const record of ended) await store.insert(record)
      const others = sandboxStateSchema.exclude(['error', 'released', 'replaced']).options
      for (const state of others) await store.insert(sampleRecord({ state, updatedAt: 1 }))
      const [error, released, replaced] = ended.map(({ name }) => name)
      expect(await store.listExpired(1000, 10)).toEqual([])
      expect(await store.listExpired(3000, 10)).toEqual([replaced, released])
      expect(await store.listExpired(9999, 2)).toEqual([replaced, released])
      expect(await store.listExpired(9999, 10)).toEqual([replaced, released, error])
      expect(await store.listExpired(9999, 0)).toEqual([])
    })

    it('are told by their last change', async () => {
      const { store } = await openStore(harness)
      const record = sampleRecord({ state: 'running', updatedAt: 1000 })
      await store.insert(record)
      await store.update(record.name, 1, { state: 'released' }, 5000)
      expect(await store.listExpired(5000, 10)).toEqual([])
      expect(await store.listExpired(5001, 10)).toEqual([record.name])
      await store.update(record.name, 2, { url: '' }, 7000)
      expect(await store.listExpired(7000, 10)).toEqual([])
      await store.update(record.name, 3, { state: 'running' }, 8000)
      expect(await store.listExpired(9999, 10)).toEqual([])
    })

    it('are gone when they are removed', async () => {
      const { store } = await openStore(harness)
      const record = sampleRecord({ state: 'error' })
      await store.insert(record)
      await store.remove(record.name)
      expect(await store.listExpired(9999, 10)).toEqual([])
    })
  })
}
