import { describe, expect, it } from 'vitest'
import type { SandboxRecord, SandboxState, StateStore } from '@runtime-sandbox/core'
import { sampleRecord } from './sample-record.ts'
import { atOnce, openPeers, openStore, type StateHarness } from './state-harness.ts'

async function addRunning(store: StateStore, sessionContextId: string, at: number): Promise<SandboxRecord> {
  const record = sampleRecord({ state: 'running', sessionContextId, lastActiveAt: at, createdAt: at, updatedAt: at })
  await store.insert(record)
  return record
}

export function sessionTests(harness: StateHarness): void {
  describe('sessions', () => {
    it('tells the sandboxes of a session, oldest first', async () => {
      const { store } = await openStore(harness)
      const first = await addRunning(store, 'S', 1000)
      const second = await addRunning(store, 'S', 2000)
      await addRunning(store, 'S1', 3000)
      expect(await store.listSessionSandboxes('S')).toEqual([first.name, second.name])
      expect((await store.listSessions()).toSorted()).toEqual(['S', 'S1'])
      expect(await store.listSessionSandboxes('nobody')).toEqual([])
    })

    it('takes any text for the id of a session', async () => {
      const { store } = await openStore(harness)
      const ids = ['a:b*c?[d]', ' ', 'ä😀', '__proto__', '{x}', '\n', '']
      for (const id of ids) await addRunning(store, id, 1000)
      expect((await store.listSessions()).toSorted()).toEqual(ids.toSorted())
      for (const id of ids) expect(await store.listSessionSandboxes(id), JSON.stringify(id)).toHaveLength(1)
    })

    it('keeps a sandbox while it is creating, running or recycled', async () => {
      const { store } = await openStore(harness)
      const record = sampleRecord({ sessionContextId: 'S' })
      await store.insert(record)
      const steps: [SandboxState, boolean][] = [
        ['running', true],
        ['recycled', true],
        ['running', true],
        ['replaced', false],
        ['creating', true],
        ['warm', false],
        ['running', true],
        ['error', false],
        ['running', true],
        ['released', false],
      ]
      expect(await store.listSessions()).toEqual(['S'])
      for (const [index, [state, kept]] of steps.entries()) {
        await store.update(record.name, index + 1, { state }, 2000)
        expect(await store.listSessionSandboxes('S'), state).toEqual(kept ? [record.name] : [])
        expect(await store.listSessions(), state).toEqual(kept ? ['S'] : [])
      }
    })

    it('follows a sandbox into another session, and out of all', async () => {
      const { store } = await openStore(harness)
      const { name } = await addRunning(store, 'S', 1000)
      await store.update(name, 1, { sessionContextId: 'T' }, 2000)
      expect([await store.listSessionSandboxes('S'), await store.listSessionSandboxes('T')]).toEqual([[], [name]])
      await store.update(name, 2, { sessionContextId: null }, 3000)
      expect(await store.listSessions()).toEqual([])
    })

    it('notes activity on the running sandboxes of the session alone', async () => {
      const { store } = await openStore(harness)
      const one = await addRunning(store, 'S', 1000)
      const two = await addRunning(store, 'S', 2000)
      const recycled = sampleRecord({ state: 'recycled', sessionContextId: 'S', lastActiveAt: 500 })
      await store.insert(recycled)
      const other = await addRunning(store, 'T', 1000)
      await store.touchSession('S', 9000)
      await store.touchSession('nobody', 9000)
      const active = async ({ name }: SandboxRecord) => (await store.get(name))!.lastActiveAt
      expect([await active(one), await active(two), await active(recycled), await active(other)]).toEqual([
        9000, 9000, 500, 1000,
      ])
      expect((await store.listSessions()).toSorted()).toEqual(['S', 'T'])
    })

    it('does not stand in the way of a change, nor does a change undo it', async () => {
      const { store } = await openStore(harness)
      const { name } = await addRunning(store, 'S', 1000)
      await store.touchSession('S', 9000)
      expect(await store.get(name)).toMatchObject({ revision: 1, updatedAt: 1000 })
      expect(await store.update(name, 1, { stateReason: 'x' }, 2000)).toMatchObject({ lastActiveAt: 9000, revision: 2 })
      expect(await store.listIdleSessions(9000, 10)).toEqual([])
    })

    it('does not go back when an older activity is told later', async () => {
      const { store } = await openStore(harness)
      const { name } = await addRunning(store, 'S', 1000)
      await store.touchSession('S', 9000)
      await store.touchSession('S', 5000)
      expect((await store.get(name))!.lastActiveAt).toBe(9000)
      expect(await store.listIdleSessions(9000, 10)).toEqual([])
    })

    it('ends at the latest of many touches at once', async () => {
      const peers = await openPeers(harness)
      const { name } = await addRunning(peers[0], 'S', 1000)
      await atOnce(peers, 50, (store, index) => store.touchSession('S', 2000 + ((index * 7) % 50)))
      expect((await peers[0].get(name))!.lastActiveAt).toBe(2049)
      expect(await peers[1].listIdleSessions(2050, 10)).toEqual(['S'])
    })
  })

  describe('idle sessions', () => {
    it('are told longest idle first, strictly before the time, at most so many', async () => {
      const { store } = await openStore(harness)
      for (const [id, at] of [
        ['c', 3000],
        ['a', 1000],
        ['b', 2000],
      ] as const)
        await addRunning(store, id, at)
      expect(await store.listIdleSessions(1000, 10)).toEqual([])
      expect(await store.listIdleSessions(3000, 10)).toEqual(['a', 'b'])
      expect(await store.listIdleSessions(9999, 2)).toEqual(['a', 'b'])
      expect(await store.listIdleSessions(9999, 0)).toEqual([])
      await store.touchSession('a', 2500)
      expect(await store.listIdleSessions(9999, 10)).toEqual(['b', 'a', 'c'])
    })

    it('holds any number with the same time', async () => {
      const { store } = await openStore(harness)
      const ids = ['p', 'q', 'r', 's']
      for (const id of ids) await addRunning(store, id, 1000)
      for (const id of ids) await store.touchSession(id, 2000)
      expect((await store.listIdleSessions(2001, 10)).toSorted()).toEqual(ids)
      expect(await store.listIdleSessions(2001, 3)).toHaveLength(3)
      expect(await store.listIdleSessions(2000, 10)).toEqual([])
    })

    it('are only those with a running sandbox', async () => {
      const { store } = await openStore(harness)
      const { name } = await addRunning(store, 'S', 1000)
      const second = await addRunning(store, 'S', 1500)
      await store.insert(sampleRecord({ sessionContextId: 'creating' }))
      await store.update(name, 1, { state: 'recycled' }, 2000)
      expect(await store.listIdleSessions(9999, 10)).toEqual(['S'])
      await store.update(second.name, 1, { state: 'released' }, 3000)
      expect(await store.listIdleSessions(9999, 10)).toEqual([])
      expect(await store.listSessions()).toEqual(expect.arrayContaining(['S', 'creating']))
    })
  })
}
