import { describe, expect, it } from 'vitest'
import { sandboxStateSchema, type ListFilter, type StateStore } from '@runtime-sandbox/core'
import { sampleRecord } from './sample-record.ts'
import { openStore, type StateHarness } from './state-harness.ts'

const namesOf = async (store: StateStore, filter?: ListFilter) =>
  (await Array.fromAsync(store.list(filter))).map(({ name }) => name).toSorted()

export function listingTests(harness: StateHarness): void {
  describe('list', () => {
    it('tells every record once, or those of the given states', async () => {
      const { store } = await openStore(harness)
      const records = sandboxStateSchema.options.map((state) => sampleRecord({ state }))
      expect(await namesOf(store)).toEqual([])
      for (const record of records) await store.insert(record)
      const named = (states: readonly string[]) => records.filter((r) => states.includes(r.state)).map((r) => r.name)
      expect(await namesOf(store)).toEqual(named(sandboxStateSchema.options))
      expect(await namesOf(store, { states: ['warm'] })).toEqual(named(['warm']))
      expect(await namesOf(store, { states: ['released', 'error'] })).toEqual(named(['released', 'error']))
      expect(await namesOf(store, { states: [] })).toEqual([])
    })

    it('tells a state as it is now', async () => {
      const { store } = await openStore(harness)
      const record = sampleRecord()
      await store.insert(record)
      await store.update(record.name, 1, { state: 'running' }, 2000)
      expect(await namesOf(store, { states: ['creating'] })).toEqual([])
      expect(await namesOf(store, { states: ['running'] })).toEqual([record.name])
    })

    it('goes on while records come and go', async () => {
      const { store } = await openStore(harness)
      const kept = Array.from({ length: 300 }, () => sampleRecord())
      const gone = Array.from({ length: 300 }, () => sampleRecord())
      await Promise.all([...kept, ...gone].map((record) => store.insert(record)))
      const seen: string[] = []
      for await (const { name } of store.list()) {
        const victim = gone.pop()
        if (victim) await store.remove(victim.name)
        if (seen.length < 50) await store.insert(sampleRecord({ name: `late-${name}` }))
        seen.push(name)
        if (seen.length > 2000) expect.fail('it does not end')
      }
      expect(new Set(seen).size).toBe(seen.length)
      expect(seen).toEqual(expect.arrayContaining(kept.map(({ name }) => name)))
    })
  })
}
