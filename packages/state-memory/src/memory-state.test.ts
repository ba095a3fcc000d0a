import { describe, expect, it } from 'vitest'
import { silentLogger } from '@runtime-sandbox/core'
import { createFakeClock, sampleRecord, stateConformance } from '@runtime-sandbox/testkit'
import definition, { createMemoryState, memoryState } from './index.ts'

stateConformance('memory', {
  async open() {
    const clock = createFakeClock()
    return { store: createMemoryState({ clock }), passTime: (ms) => clock.advance(ms) }
  },
})

describe('createMemoryState', () => {
  it('ends a lease at the very millisecond', async () => {
    const clock = createFakeClock(0)
    const store = createMemoryState({ clock })
    expect(await store.acquireLease('a', { holder: 'x', ttlMs: 100 })).toMatchObject({ expiresAt: 100 })
    await clock.advance(99)
    expect(await store.acquireLease('a', { holder: 'y', ttlMs: 100 })).toBeUndefined()
    await clock.advance(1)
    expect(await store.acquireLease('a', { holder: 'y', ttlMs: 100 })).toMatchObject({ expiresAt: 200 })
  })

  it('does not lease a port again right after it was freed', async () => {
    const store = createMemoryState({ clock: createFakeClock() })
    expect(await store.leasePort([100, 110], 'a')).toBe(100)
    await store.freePorts('a')
    expect(await store.leasePort([100, 110], 'b')).toBe(101)
  })

  // Were anything on these paths a scan, this would take minutes.
  it('does not slow down with the number of records', async () => {
    const store = createMemoryState({ clock: createFakeClock() })
    const count = 20_000
    for (let i = 0; i < count; i++) {
      await store.insert(sampleRecord({ state: 'warm', poolKey: 'p', updatedAt: i, createdAt: i }))
    }
    for await (const { name } of store.list()) await store.park(name)
    for (let i = 0; i < count; i++) {
      const options = { meta: {}, sessionContextId: `S${i}`, at: count + i }
      expect(await store.claim('p', options)).toBeDefined()
      await store.touchSession(`S${i}`, 2 * count + i)
      await store.listIdleSessions(count, 10)
      await store.listExpired(count, 10)
    }
    expect(await store.countActive()).toBe(count)
  })
})

describe('memoryState', () => {
  it('is a state store named memory, without settings', async () => {
    expect(definition).toBe(memoryState)
    expect(memoryState).toMatchObject({ kind: 'state', name: 'memory' })
    const context = { logger: silentLogger, clock: createFakeClock() }
    expect((await memoryState.create(memoryState.configSchema.parse({}), context)).ephemeral).toBe(true)
  })
})
