import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { systemClock } from './clock.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

describe('systemClock', () => {
  it('tells the time of the process', () => {
    vi.setSystemTime(1234)
    expect(systemClock.now()).toBe(1234)
  })

  it('calls once, later, unless cancelled', () => {
    const callback = vi.fn<() => void>()
    const cancelled = vi.fn<() => void>()
    systemClock.after(100, callback)
    const timer = systemClock.after(100, cancelled)
    timer.cancel()
    timer.cancel()
    vi.advanceTimersByTime(99)
    expect(callback).not.toHaveBeenCalled()
    vi.advanceTimersByTime(1000)
    expect(callback).toHaveBeenCalledOnce()
    expect(cancelled).not.toHaveBeenCalled()
  })

  it('sleeps', async () => {
    const sleep = systemClock.sleep(100)
    await vi.advanceTimersByTimeAsync(100)
    await sleep
    expect(vi.getTimerCount()).toBe(0)
  })

  it('stops sleeping at once when aborted, with the reason, and leaves no timer', async () => {
    const controller = new AbortController()
    const sleep = systemClock.sleep(100, { signal: controller.signal })
    controller.abort(new Error('enough'))
    await expect(sleep).rejects.toThrow('enough')
    await expect(systemClock.sleep(100, { signal: controller.signal })).rejects.toThrow('enough')
    expect(vi.getTimerCount()).toBe(0)
  })

  it('does not run a timer of many days at once', () => {
    const callback = vi.fn<() => void>()
    systemClock.after(2 ** 31, callback)
    void systemClock.sleep(2 ** 40).then(callback)
    vi.advanceTimersByTime(86_400_000)
    expect(callback).not.toHaveBeenCalled()
  })
})
