import { describe, expect, it } from 'vitest'
import { atOnce, fulfilled, openPeers, openStore, type StateHarness } from './state-harness.ts'

export function portTests(harness: StateHarness): void {
  describe('ports', () => {
    it('leases every port of the range, its end excluded, and then none', async () => {
      const { store } = await openStore(harness)
      const ports = []
      for (let i = 0; i < 4; i++) ports.push(await store.leasePort([100, 103], `owner-${i}`))
      expect(new Set(ports.slice(0, 3))).toEqual(new Set([100, 101, 102]))
      expect(ports[3]).toBeUndefined()
      expect(await store.leasePort([200, 200], 'x')).toBeUndefined()
    })

    it('never leases one port twice', async () => {
      const peers = await openPeers(harness)
      const results = await atOnce(peers, 150, (store, index) => store.leasePort([1000, 1100], `owner-${index}`))
      const ports = fulfilled(results).filter((port) => port !== undefined)
      expect(ports).toHaveLength(100)
      expect(new Set(ports).size).toBe(100)
    })

    it('passes over those that the caller found in use', async () => {
      const { store } = await openStore(harness)
      expect(await store.leasePort([100, 103], 'a', new Set([100, 102]))).toBe(101)
      expect(await store.leasePort([100, 103], 'b', new Set([100, 102]))).toBeUndefined()
      expect([100, 102]).toContain(await store.leasePort([100, 103], 'c'))
    })

    it('frees all ports of an owner, and no other', async () => {
      const { store } = await openStore(harness)
      await store.leasePort([100, 103], 'a')
      await store.leasePort([100, 103], 'a')
      const kept = await store.leasePort([100, 103], 'ab')
      await store.freePorts('a')
      await store.freePorts('a')
      await store.freePorts('nobody')
      const again = [await store.leasePort([100, 103], 'c'), await store.leasePort([100, 103], 'c')]
      expect(new Set([...again, kept])).toEqual(new Set([100, 101, 102]))
      expect(await store.leasePort([100, 103], 'c')).toBeUndefined()
    })

    it('holds exactly one port, for one owner', async () => {
      const { store } = await openStore(harness)
      expect(await store.holdPort(101, 'a')).toBe(true)
      expect(await store.holdPort(101, 'a')).toBe(true)
      expect(await store.holdPort(101, 'b')).toBe(false)
      expect(await store.leasePort([101, 102], 'b')).toBeUndefined()
      await store.freePorts('b')
      expect(await store.holdPort(101, 'b')).toBe(false)
      await store.freePorts('a')
      expect(await store.holdPort(101, 'b')).toBe(true)
    })

    it('gives a contended port to one', async () => {
      const peers = await openPeers(harness)
      const held = fulfilled(await atOnce(peers, 30, (store, index) => store.holdPort(7, `owner-${index}`)))
      expect(held.filter(Boolean)).toHaveLength(1)
    })
  })
}
