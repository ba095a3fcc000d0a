import { describe, expect, it } from 'vitest'
import { SandboxError, silentLogger } from '@runtime-sandbox/core'
import { createFakeClock } from '@runtime-sandbox/testkit'
import { MapState } from '../fixtures/map-state.fixture.ts'
import { HeldLease } from './held-lease.ts'

function world() {
  const clock = createFakeClock()
  const state = new MapState(clock)
  const of = (holder: string) => ({ state, clock, logger: silentLogger, holder })
  return { clock, state, of }
}

describe('HeldLease', () => {
  it('keeps others out for as long as it is held, and no longer', async () => {
    const { clock, of } = world()
    const lease = await HeldLease.acquire(of('a'), 'work')
    for (let i = 0; i < 20; i++) {
      await clock.advance(4000)
      expect(await HeldLease.acquire(of('b'), 'work')).toBeUndefined()
    }
    await lease![Symbol.asyncDispose]()
    await lease![Symbol.asyncDispose]()
    expect(clock.pending).toBe(0)
    expect(await HeldLease.acquire(of('b'), 'work')).toBeDefined()
  })

  it('of a process that was killed runs out', async () => {
    const { clock, state, of } = world()
    await state.acquireLease('work', { holder: 'killed', ttlMs: 15_000 })
    await clock.advance(14_999)
    expect(await HeldLease.acquire(of('b'), 'work')).toBeUndefined()
    await clock.advance(2)
    expect(await HeldLease.acquire(of('b'), 'work')).toBeDefined()
  })

  it('outlasts a store that does not answer for a moment', async () => {
    const { clock, state, of } = world()
    await using _ = await HeldLease.acquire(of('a'), 'work')
    const acquire = state.acquireLease.bind(state)
    state.acquireLease = () => Promise.reject(new SandboxError('state_unavailable', 'away'))
    await clock.advance(5000)
    state.acquireLease = acquire
    await clock.advance(5000)
    await clock.advance(9000)
    expect(await HeldLease.acquire(of('b'), 'work')).toBeUndefined()
  })

  it('does not fail the work when it cannot be given back', async () => {
    const { state, of } = world()
    const lease = await HeldLease.acquire(of('a'), 'work')
    state.releaseLease = () => Promise.reject(new Error('away'))
    await expect(lease![Symbol.asyncDispose]()).resolves.toBeUndefined()
  })
})
