import { describe, expect, it } from 'vitest'
import { createFakeClock } from '@runtime-sandbox/testkit'
import { BackOff } from './back-off.ts'

describe('BackOff', () => {
  it('doubles with each failure, up to the longest, with jitter of half', () => {
    const clock = createFakeClock()
    const delays = (random: number) => {
      const backOff = new BackOff({ clock, random: () => random, firstMs: 100, longestMs: 1000 })
      return Array.from({ length: 6 }, () => backOff.fail())
    }
    expect(delays(0)).toEqual([50, 100, 200, 400, 500, 500])
    expect(delays(0.999_999)).toEqual([100, 200, 400, 800, 1000, 1000])
  })

  it('waits until the delay is over, and starts anew after a success', async () => {
    const clock = createFakeClock()
    const backOff = new BackOff({ clock, random: () => 0, firstMs: 100 })
    expect(backOff.waiting).toBe(false)
    backOff.fail()
    await clock.advance(49)
    expect(backOff.waiting).toBe(true)
    await clock.advance(1)
    expect([backOff.waiting, backOff.failures]).toEqual([false, 1])
    backOff.fail()
    backOff.reset()
    expect([backOff.waiting, backOff.failures, backOff.fail()]).toEqual([false, 0, 50])
  })

  it('never overflows', () => {
    const backOff = new BackOff({ clock: createFakeClock(), random: () => 0 })
    for (let i = 0; i < 2000; i++) backOff.fail()
    expect(backOff.fail()).toBe(7500)
  })
})
