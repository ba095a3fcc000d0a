import { describe, expect, it } from 'vitest'
import type { KernelListener, KernelProcess } from './kernel-process.ts'
import { runCell } from './run-cell.ts'

/** A kernel as far as a cell looks, whose output the test writes. */
class KernelStub {
  listener: KernelListener | undefined
  paused = false
  interrupts = 0
  marker = ''
  readonly #end = Promise.withResolvers<string>()
  readonly ended = this.#end.promise

  run(_id: number, _code: string, marker: string): void {
    this.marker = marker
  }
  pause(): void {
    this.paused = true
  }
  resume(): void {
    this.paused = false
  }
  interrupt(): void {
    this.interrupts += 1
  }
  kill(): void {
    this.#end.resolve('killed')
  }
  print(text: string): void {
    this.listener?.onOutput('stdout', Buffer.from(text))
  }
  /** As the host does when a cell has ended. */
  finish(): void {
    for (const type of ['stdout', 'stderr'] as const) this.listener?.onOutput(type, Buffer.from(this.marker))
    this.listener?.onDone(1, null)
  }
}

function start(timeoutMs = 60_000) {
  const kernel = new KernelStub()
  return { kernel, cell: runCell(kernel as unknown as KernelProcess, 1, '', { timeoutMs }) }
}

/** Prints until it is held back. @returns how often */
function flood(kernel: KernelStub): number {
  let printed = 0
  for (; !kernel.paused && printed < 10_000; printed += 1) kernel.print('x')
  return printed
}

describe('a cell that prints without end', () => {
  it('is held back by a reader that is behind, and goes on when it has caught up', async () => {
    const { kernel, cell } = start()
    const first = flood(kernel)
    expect(first).toBeLessThan(1000)
    let read = 0
    let heldBack = 0
    for await (const event of cell.events) {
      if (event.type !== 'stdout') continue
      read += 1
      if (kernel.paused) heldBack += 1
      // The reader waits for more then.
      if (read === first) setImmediate(() => (kernel.paused ? undefined : kernel.finish()))
    }
    expect([read, heldBack]).toEqual([first, first])
  })

  it('is not held back when it is to end', async () => {
    const { kernel, cell } = start(1)
    flood(kernel)
    await expect.poll(() => kernel.interrupts).toBe(1)
    expect(kernel.paused).toBe(false)
    for (let more = 0; more < 1000; more += 1) kernel.print('x')
    expect(kernel.paused).toBe(false)
    kernel.finish()
    const events = await Array.fromAsync(cell.events)
    expect(events.at(-1)).toMatchObject({ type: 'done', timedOut: 'running' })
  })

  it('keeps nothing for a reader that left', async () => {
    const { kernel, cell } = start()
    flood(kernel)
    const ended = cell.end()
    expect([kernel.paused, kernel.interrupts]).toEqual([false, 1])
    for (let more = 0; more < 1000; more += 1) kernel.print('x')
    kernel.finish()
    await ended
    expect((await Array.fromAsync(cell.events)).length).toBeLessThan(1000)
  })
})
