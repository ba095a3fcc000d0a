import { describe, expect, it } from 'vitest'
import { atOnce, fulfilled, openPeers, openStore, type StateHarness } from './state-harness.ts'

// Long enough for a store that really waits, short enough to wait for.
const ttlMs = 1000

export function leaseTests(harness: StateHarness): void {
  describe('leases', () => {
    it('have one holder at a time', async () => {
      const peers = await openPeers(harness)
      const results = await atOnce(peers, 30, (store, index) =>
        store.acquireLease('sweep', { holder: `h${index}`, ttlMs: 60_000 }),
      )
      const leases = fulfilled(results).filter((lease) => lease !== undefined)
      expect(leases).toHaveLength(1)
      expect(leases[0]).toMatchObject({
        name: 'sweep',
        fencingToken: expect.any(Number),
        expiresAt: expect.any(Number),
      })
    })

    it('do not stand in each other’s way', async () => {
      const { store } = await openStore(harness)
      expect(await store.acquireLease('a', { holder: 'x', ttlMs })).toBeDefined()
      expect(await store.acquireLease('b', { holder: 'y', ttlMs })).toBeDefined()
    })

    it('are prolonged with the same token by their holder', async () => {
      const { store, passTime } = await openStore(harness)
      const first = await store.acquireLease('a', { holder: 'x', ttlMs })
      await passTime(ttlMs * 0.6)
      const second = await store.acquireLease('a', { holder: 'x', ttlMs })
      expect(second!.fencingToken).toBe(first!.fencingToken)
      expect(second!.expiresAt).toBeGreaterThan(first!.expiresAt)
      await passTime(ttlMs * 0.6)
      expect(await store.acquireLease('a', { holder: 'y', ttlMs })).toBeUndefined()
    })

    it('run out; the next holder has a larger token', async () => {
      const { store, passTime } = await openStore(harness)
      const first = await store.acquireLease('a', { holder: 'x', ttlMs })
      await passTime(ttlMs + 1)
      const second = await store.acquireLease('a', { holder: 'y', ttlMs })
      expect(second!.fencingToken).toBeGreaterThan(first!.fencingToken)
      expect(await store.acquireLease('a', { holder: 'x', ttlMs })).toBeUndefined()
    })

    it('are given back by their holder alone; tokens grow on', async () => {
      const { store } = await openStore(harness)
      const tokens: number[] = []
      for (const holder of ['x', 'y', 'x']) {
        const lease = await store.acquireLease('a', { holder, ttlMs: 60_000 })
        tokens.push(lease!.fencingToken)
        await store.releaseLease('a', 'somebody else')
        expect(await store.acquireLease('a', { holder: 'z', ttlMs })).toBeUndefined()
        await store.releaseLease('a', holder)
      }
      await store.releaseLease('a', 'x')
      await store.releaseLease('never held', 'x')
      expect(tokens).toEqual(tokens.toSorted((a, b) => a - b))
      expect(new Set(tokens).size).toBe(3)
    })
  })
}
