import { setTimeout as sleep } from 'node:timers/promises'
import type { KernelEvent } from './kernel-event.ts'
import { KernelProcess, KernelUnavailable, type KernelLaunch } from './kernel-process.ts'
import { runCell } from './run-cell.ts'

export type RunCellOptions = {
  /** From the call on: waiting for earlier cells counts, the start of a session does not. */
  timeoutMs: number
  signal?: AbortSignal | undefined
}

/** How long a new kernel may take until it serves. */
const startLimitMs = 30_000

/** The Python session of a sandbox: one process at a time, one cell at a time, in the order of the calls. */
export class PythonKernel {
  readonly #launch: KernelLaunch
  #process: KernelProcess | undefined
  #last: Promise<void> = Promise.resolve()
  #cells = 0
  /** Why a session with variables ended, until a caller was told. */
  #untold: string | undefined
  #closed = false

  constructor(launch: KernelLaunch) {
    this.#launch = launch
  }

  /** Starts the process ahead of the first cell. */
  warmUp(): void {
    if (!this.#closed) this.#current()
  }

  /**
   * Runs a cell when those before it have ended. At the time limit, or when the signal aborts, it is interrupted, and
   * killed with its kernel if that does not help.
   *
   * @throws KernelUnavailable when no kernel can be started
   */
  async *run(code: string, { timeoutMs, signal }: RunCellOptions): AsyncGenerator<KernelEvent, void, void> {
    const calledAt = performance.now()
    const before = this.#last
    const turn = Promise.withResolvers<void>()
    // Whoever gives up waiting leaves the queue as it was.
    this.#last = before.then(() => turn.promise)
    try {
      if (!(await within(before, timeoutMs, signal))) {
        yield { type: 'done', error: null, timedOut: 'waiting', died: undefined }
        return
      }
      const waitedMs = performance.now() - calledAt
      yield* this.#runNow(code, { timeoutMs: Math.max(1, timeoutMs - waitedMs), signal })
    } finally {
      turn.resolve()
    }
  }

  close(): void {
    this.#closed = true
    this.#process?.kill()
  }

  #current(): KernelProcess {
    if (this.#closed) throw new KernelUnavailable('the runtime is stopping')
    if (this.#process) return this.#process
    const kernel = new KernelProcess(this.#launch)
    const firstCell = this.#cells
    this.#process = kernel
    void kernel.ended.then((reason) => {
      if (this.#process === kernel) this.#process = undefined
      if (this.#cells > firstCell) this.#untold = reason
    })
    return kernel
  }

  async *#runNow(code: string, options: RunCellOptions): AsyncGenerator<KernelEvent, void, void> {
    const kernel = this.#current()
    await this.#whenReady(kernel)
    options.signal?.throwIfAborted()
    if (this.#untold !== undefined) yield { type: 'restarted', reason: this.#untold }
    this.#untold = undefined
    const cell = runCell(kernel, (this.#cells += 1), code, options)
    try {
      for await (const event of cell.events) {
        if (event.type === 'done' && event.died !== undefined) this.#replaceLost(options.signal)
        yield event
      }
    } finally {
      await cell.end()
    }
  }

  /** The session ended during a cell: its caller is told, unless it went away. */
  #replaceLost(caller?: AbortSignal): void {
    if (!caller?.aborted) this.#untold = undefined
    this.warmUp()
  }

  async #whenReady(kernel: KernelProcess): Promise<void> {
    const timer = setTimeout(() => kernel.kill(), startLimitMs)
    try {
      await kernel.ready
    } catch (error) {
      if (this.#process === kernel) this.#process = undefined
      kernel.kill()
      throw error
    } finally {
      clearTimeout(timer)
    }
  }
}

/** @returns whether the promise was settled within the time */
async function within(promise: Promise<void>, timeMs: number, signal?: AbortSignal): Promise<boolean> {
  signal?.throwIfAborted()
  const done = new AbortController()
  const either = signal ? AbortSignal.any([signal, done.signal]) : done.signal
  try {
    return await Promise.race([promise.then(() => true), sleep(timeMs, false, { signal: either })])
  } finally {
    done.abort()
  }
}
