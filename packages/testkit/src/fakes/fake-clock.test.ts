import { describe, expect, it } from 'vitest'
import { createFakeClock } from './fake-clock.ts'

describe('createFakeClock', () => {
  it('stands still until it is moved', async () => {
    const clock = createFakeClock(1000)
    expect(clock.now()).toBe(1000)
    await clock.advance(500)
    expect(clock.now()).toBe(1500)
  })

  it('runs what is due in order of time, each at its own time, equal times in order of their making', async () => {
    const clock = createFakeClock(0)
    const ran: [string, number][] = []
    const note = (name: string) => () => void ran.push([name, clock.now()])
    clock.after(30, note('c'))
    clock.after(10, note('a'))
    clock.after(20, note('b1'))
    clock.after(20, note('b2'))
    clock.after(31, note('later'))
    await clock.advance(30)
    expect(ran).toEqual([
      ['a', 10],
      ['b1', 20],
      ['b2', 20],
      ['c', 30],
    ])
    expect(clock.pending).toBe(1)
  })

  it('lets a chain of sleeps run through in one move', async () => {
    const clock = createFakeClock(0)
    const woke: number[] = []
    const chain = (async () => {
      for (let i = 0; i < 5; i++) {
        await clock.sleep(10)
        woke.push(clock.now())
      }
    })()
    await clock.advance(100)
    await chain
    expect(woke).toEqual([10, 20, 30, 40, 50])
    expect(clock.now()).toBe(100)
  })

  it('does not run what was cancelled', async () => {
    const clock = createFakeClock(0)
    const timer = clock.after(10, () => expect.unreachable())
    timer.cancel()
    timer.cancel()
    await clock.advance(20)
    expect(clock.pending).toBe(0)
  })

  it('rejects an aborted sleep with the reason and keeps no timer', async () => {
    const clock = createFakeClock(0)
    const controller = new AbortController()
    const sleep = clock.sleep(10, { signal: controller.signal })
    controller.abort(new Error('enough'))
    await expect(sleep).rejects.toThrow('enough')
    await expect(clock.sleep(10, { signal: controller.signal })).rejects.toThrow('enough')
    expect(clock.pending).toBe(0)
  })

  it('tells when a timer is pending', async () => {
    const clock = createFakeClock(0)
    const waiting = clock.waitForPending(2)
    void clock.sleep(1)
    void clock.sleep(2)
    await waiting
    expect(clock.pending).toBe(2)
  })

  it('does not run for ever', async () => {
    const clock = createFakeClock(0)
    let runs = 0
    const again = () => {
      runs += 1
      if (runs < 5000) clock.after(0, again)
    }
    again()
    await clock.advance(0)
    expect(runs).toBe(5000)
  })
})
