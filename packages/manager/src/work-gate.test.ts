import { describe, expect, it } from 'vitest'
import { eachOf } from './each-of.ts'
import { WorkGate } from './work-gate.ts'

const untilAborted = (signal: AbortSignal) =>
  new Promise<never>((_, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error)))

describe('WorkGate', () => {
  it('refuses work once it is closed', async () => {
    const gate = new WorkGate()
    gate.close()
    const refused = gate.run(async () => 1, { abortOnClose: true })
    await expect(refused).rejects.toMatchObject({ code: 'shutting_down' })
  })

  it('aborts what may be aborted, waits for the rest', async () => {
    const gate = new WorkGate()
    let finish = () => {}
    const aborted = gate.run(untilAborted, { abortOnClose: true })
    const kept = gate.run(() => new Promise<string>((resolve) => (finish = () => resolve('done'))), {
      abortOnClose: false,
    })
    await Promise.resolve()
    gate.close()
    await expect(aborted).rejects.toMatchObject({ code: 'shutting_down' })
    let idle = false
    const waiting = gate.idle().then(() => (idle = true))
    expect(idle).toBe(false)
    finish()
    await waiting
    expect(await kept).toBe('done')
  })

  it('follows the signal of the caller, and does not begin when it is aborted', async () => {
    const gate = new WorkGate()
    const caller = new AbortController()
    const work = gate.run(untilAborted, { signal: caller.signal, abortOnClose: true })
    await Promise.resolve()
    caller.abort(new Error('enough'))
    await expect(work).rejects.toThrow('enough')
    let begun = false
    const late = gate.run(async () => (begun = true), { signal: caller.signal, abortOnClose: true })
    await expect(late).rejects.toThrow('enough')
    expect(begun).toBe(false)
    await gate.idle()
  })
})

describe('eachOf', () => {
  it('does everything, never more at once than asked', async () => {
    let now = 0
    let most = 0
    const done: number[] = []
    await eachOf(
      Array.from({ length: 20 }, (_, i) => i),
      3,
      async (item) => {
        most = Math.max(most, ++now)
        await new Promise((resolve) => setImmediate(resolve))
        done.push(item)
        now -= 1
      },
    )
    expect(done).toHaveLength(20)
    expect(most).toBe(3)
  })
})
