import { randomBytes } from 'node:crypto'
import { EventQueue } from '../process/event-queue.ts'
import type { KernelEvent } from './kernel-event.ts'
import { KernelProcess, type KernelLaunch } from './kernel-process.ts'
import { MarkerScanner } from './marker-scanner.ts'

export type RunCellOptions = { timeoutMs: number; signal?: AbortSignal | undefined }

/** How long an interrupted cell may take to end before its kernel is killed. */
const interruptGraceMs = 2_000
/** How long a new kernel may take until it serves. */
const startLimitMs = 30_000

/** How long the end of a cell's output is awaited when its answer is there. */
const markerLimitMs = 1_000

type PythonError = { name: string; message: string }

/** The Python session of a sandbox: one process at a time, one cell at a time, in the order of the calls. */
export class PythonKernel {
  readonly #launch: KernelLaunch
  #process: KernelProcess | undefined
  #last: Promise<void> = Promise.resolve()
  #cells = 0
  #closed = false

  constructor(launch: KernelLaunch) {
    this.#launch = launch
  }

  /** Starts the process ahead of the first cell. */
  warmUp(): void {
    this.#current()
  }

  /**
   * Runs a cell when those before it have ended. At the time limit, or when the signal aborts, it is interrupted, and
   * killed with its kernel if that does not help.
   *
   * @throws Error when no kernel can be started
   */
  async *run(code: string, options: RunCellOptions): AsyncGenerator<KernelEvent, void, void> {
    const turn = this.#last
    let release = () => {}
    this.#last = new Promise((resolve) => (release = resolve))
    try {
      await turn
      options.signal?.throwIfAborted()
      yield* await this.#start(code, options)
    } finally {
      release()
    }
  }

  close(): void {
    this.#closed = true
    this.#process?.kill()
  }

  #current(): KernelProcess {
    if (this.#closed) throw new Error('the runtime is stopping')
    if (this.#process) return this.#process
    const kernel = new KernelProcess(this.#launch)
    this.#process = kernel
    void kernel.ended.then(() => {
      if (this.#process === kernel) this.#process = undefined
    })
    return kernel
  }

  async #start(code: string, { timeoutMs, signal }: RunCellOptions): Promise<EventQueue<KernelEvent>> {
    const kernel = this.#current()
    await withLimit(kernel.ready, startLimitMs, () => kernel.kill()).catch((error: unknown) => {
      if (this.#process === kernel) this.#process = undefined
      kernel.kill()
      throw error
    })
    const queue = new EventQueue<KernelEvent>()
    const marker = `\u0000cell-end:${randomBytes(16).toString('hex')}\u0000`
    const watch = this.#watch(kernel, { timeoutMs, signal })
    let finished = false
    const finish = (error: PythonError | null, died?: string) => {
      if (finished) return
      finished = true
      kernel.listener = undefined
      watch.stop()
      queue.push({ type: 'done', error, timedOut: watch.timedOut(), died })
      queue.end()
    }
    const streams = scanStreams(queue, marker)
    let answer: { error: PythonError | null } | undefined
    const finishWhenComplete = () => {
      if (answer && streams.complete()) finish(answer.error)
    }
    kernel.listener = {
      onOutput(type, data) {
        streams.add(type, data)
        finishWhenComplete()
      },
      onDone(error) {
        answer = { error }
        // A cell that closed its own streams writes no marker.
        setTimeout(() => finish(error), markerLimitMs).unref()
        finishWhenComplete()
      },
    }
    void kernel.ended.then((reason) => {
      if (finished) return
      streams.flush()
      finish(null, reason)
      if (!this.#closed) this.warmUp()
    })
    kernel.run((this.#cells += 1), code, marker)
    return queue
  }

  /** Interrupts, then kills, at the time limit or on abort. */
  #watch(kernel: KernelProcess, { timeoutMs, signal }: RunCellOptions) {
    let timedOut = false
    let killer: NodeJS.Timeout | undefined
    const end = () => {
      kernel.interrupt()
      killer = setTimeout(() => kernel.kill(), interruptGraceMs)
    }
    const timer = setTimeout(() => {
      timedOut = true
      end()
    }, timeoutMs)
    signal?.addEventListener('abort', end, { once: true })
    return {
      timedOut: () => timedOut,
      stop() {
        clearTimeout(timer)
        clearTimeout(killer)
        signal?.removeEventListener('abort', end)
      },
    }
  }
}

function scanStreams(queue: EventQueue<KernelEvent>, marker: string) {
  const bytes = Buffer.from(marker)
  const scanners = {
    stdout: new MarkerScanner(bytes, (data) => queue.push({ type: 'stdout', data })),
    stderr: new MarkerScanner(bytes, (data) => queue.push({ type: 'stderr', data })),
  }
  return {
    add(type: 'stdout' | 'stderr', data: Buffer) {
      // What a background job prints after the end of the cell belongs to no cell.
      if (!scanners[type].found) scanners[type].add(data)
    },
    complete: () => scanners.stdout.found && scanners.stderr.found,
    flush() {
      scanners.stdout.flush()
      scanners.stderr.flush()
    },
  }
}

async function withLimit<Value>(promise: Promise<Value>, limitMs: number, onLimit: () => void): Promise<Value> {
  const timer = setTimeout(onLimit, limitMs)
  try {
    return await promise
  } finally {
    clearTimeout(timer)
  }
}
