import { randomBytes } from 'node:crypto'
import { EventQueue } from '../process/event-queue.ts'
import type { KernelEvent, PythonError } from './kernel-event.ts'
import type { KernelProcess } from './kernel-process.ts'
import { MarkerScanner } from './marker-scanner.ts'
import type { RunCellOptions } from './python-kernel.ts'

/** How long an interrupted cell may take to end before its kernel is killed. */
const interruptGraceMs = 2_000
/** How long the end of a cell's output is awaited when its answer is there: what it started may hold the pipe full. */
const markerLimitMs = 2_000

export type RunningCell = {
  events: EventQueue<KernelEvent>
  /** The reader left. Interrupts the cell, or kills its kernel. Resolves when the kernel is idle or gone; at once when the cell has ended. */
  end(): Promise<void>
}

/** Runs one cell on a kernel that is ready and idle. A reader that is behind holds it back. */
export function runCell(kernel: KernelProcess, id: number, code: string, options: RunCellOptions): RunningCell {
  const queue = new EventQueue<KernelEvent>()
  const marker = `\u0000cell-end:${randomBytes(16).toString('hex')}\u0000`
  const output = scanOutput(queue, marker)
  queue.onFull = () => kernel.pause()
  queue.onEmpty = () => kernel.resume()
  // What is to end must be able to print its last.
  const letFlow = () => {
    queue.onFull = () => {}
    kernel.resume()
  }
  const watch = watchCell(kernel, { ...options, onEnd: letFlow })
  let answer: { error: PythonError | null } | undefined
  const idle = Promise.withResolvers<void>()
  let finished = false
  const finish = (error: PythonError | null, died?: string) => {
    if (finished) return
    finished = true
    letFlow()
    kernel.listener = undefined
    output.flush()
    queue.push({ type: 'done', error, timedOut: watch.stop() && 'running', died })
    queue.end()
    idle.resolve()
  }
  const finishWhenComplete = () => {
    if (answer && output.complete()) finish(answer.error)
  }
  kernel.listener = {
    onOutput(type, data) {
      output.add(type, data)
      finishWhenComplete()
    },
    onDone(answeredId, error) {
      if (answeredId !== id) return
      answer = { error }
      letFlow()
      setTimeout(() => finish(error), markerLimitMs).unref()
      finishWhenComplete()
    },
  }
  void kernel.ended.then((reason) => finish(null, reason))
  kernel.run(id, code, marker)
  return {
    events: queue,
    end() {
      queue.end()
      if (!finished) watch.end()
      return idle.promise
    },
  }
}

/** Interrupts, then kills, at the time limit or on abort. `stop` tells whether the time was up. */
function watchCell(kernel: KernelProcess, { timeoutMs, signal, onEnd }: RunCellOptions & { onEnd: () => void }) {
  let timedOut = false
  let killer: NodeJS.Timeout | undefined
  const end = () => {
    onEnd()
    kernel.interrupt()
    killer ??= setTimeout(() => kernel.kill(), interruptGraceMs)
  }
  const timer = setTimeout(() => {
    timedOut = true
    end()
  }, timeoutMs)
  signal?.addEventListener('abort', end, { once: true })
  return {
    end,
    stop(): boolean {
      clearTimeout(timer)
      clearTimeout(killer)
      signal?.removeEventListener('abort', end)
      return timedOut
    },
  }
}

function scanOutput(queue: EventQueue<KernelEvent>, marker: string) {
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
