import { describe, expect, it } from 'vitest'
import type { SandboxRecord } from '@runtime-sandbox/core'
import { sampleRecord } from './sample-record.ts'
import { atOnce, fulfilled, openPeers, openStore, type StateHarness } from './state-harness.ts'

export function recordTests(harness: StateHarness): void {
  describe('records', () => {
    it('gives back what was inserted, field for field', async () => {
      const { store } = await openStore(harness)
      const record = sampleRecord({
        ports: [49_152, '443/path/'],
        meta: { session_ctx_id: 'S', deep: { list: [1, 'two', null, { three: 3.5 }], unicode: 'ä😀\u0000\n"' } },
        lastActiveAt: 1763872000123.5,
        mountDir: '/a b/c',
      })
      await store.insert(record)
      expect(await store.get(record.name)).toEqual(record)
    })

    it('shares no object with its callers', async () => {
      const { store } = await openStore(harness)
      const record = sampleRecord({ meta: { list: [1] } })
      await store.insert(record)
      const expected = structuredClone(record)
      const spoil = (copy: SandboxRecord | undefined) => {
        ;(copy!.meta['list'] as number[]).push(2)
        copy!.ports.push(1)
        copy!.state = 'error'
      }
      spoil(record)
      spoil(await store.get(record.name))
      for await (const listed of store.list()) spoil(listed)
      expect(await store.get(record.name)).toEqual(expected)
      const patch = { meta: { list: [3] } }
      spoil(await store.update(record.name, 1, patch, 1))
      patch.meta.list.push(4)
      expect((await store.get(record.name))!.meta).toEqual({ list: [3] })
    })

    it('does not know what was never inserted', async () => {
      const { store } = await openStore(harness)
      expect(await store.get('nobody')).toBeUndefined()
      expect(await store.get('__proto__')).toBeUndefined()
      await expect(store.update('nobody', 1, {}, 1)).rejects.toMatchObject({ code: 'sandbox_not_found' })
      await store.remove('nobody')
    })

    it('refuses a name that exists, and a record that does not begin with revision 1', async () => {
      const { store } = await openStore(harness)
      const record = sampleRecord()
      await store.insert(record)
      const again = { ...record, url: 'http://other' }
      await expect(store.insert(again)).rejects.toMatchObject({ code: 'conflict' })
      expect((await store.get(record.name))!.url).toBe('')
      await expect(store.insert(sampleRecord({ revision: 2 }))).rejects.toMatchObject({ code: 'invalid_argument' })
      expect(await store.countActive()).toBe(1)
    })

    it('lets one of many inserts of a name win', async () => {
      const peers = await openPeers(harness)
      const record = sampleRecord()
      const results = await atOnce(peers, 20, (store, index) => store.insert({ ...record, url: `http://${index}` }))
      expect(fulfilled(results, 'conflict')).toHaveLength(1)
      expect(await peers[0].countActive()).toBe(1)
    })

    it('applies a patch to the expected revision, and tells time and revision', async () => {
      const { store } = await openStore(harness)
      const record = sampleRecord({ meta: { a: 1 } })
      await store.insert(record)
      const updated = await store.update(record.name, 1, { url: 'http://u', stateReason: 'why', meta: { b: 2 } }, 2000)
      expect(updated).toEqual({
        ...record,
        url: 'http://u',
        stateReason: 'why',
        meta: { b: 2 },
        updatedAt: 2000,
        revision: 2,
      })
      expect(await store.get(record.name)).toEqual(updated)
      expect((await store.update(record.name, 2, {}, 3000)).revision).toBe(3)
    })

    it('refuses another revision, and changes nothing then', async () => {
      const { store } = await openStore(harness)
      const record = sampleRecord()
      await store.insert(record)
      for (const revision of [0, 2, 99]) {
        const update = store.update(record.name, revision, { url: 'http://lost' }, 2000)
        await expect(update).rejects.toMatchObject({ code: 'conflict' })
      }
      expect(await store.get(record.name)).toEqual(record)
    })

    it('loses no update: of many with the same revision one wins', async () => {
      const peers = await openPeers(harness)
      const record = sampleRecord()
      await peers[0].insert(record)
      for (let revision = 1; revision <= 5; revision++) {
        const results = await atOnce(peers, 20, (store, index) =>
          store.update(record.name, revision, { url: `http://${index}` }, 2000),
        )
        const winners = fulfilled(results, 'conflict')
        expect(winners).toHaveLength(1)
        expect(await peers[1].get(record.name)).toEqual(winners[0])
      }
    })

    it('forgets a record, and its name can be used anew', async () => {
      const { store } = await openStore(harness)
      const record = sampleRecord({ state: 'running', sessionContextId: 'S' })
      await store.insert(record)
      await store.remove(record.name)
      await store.remove(record.name)
      expect(await store.get(record.name)).toBeUndefined()
      expect([await store.countActive(), await store.listSessions()]).toEqual([0, []])
      await store.insert(record)
      expect((await store.get(record.name))!.revision).toBe(1)
    })
  })
}
