import { randomUUID } from 'node:crypto'
import { EventQueue } from './event-queue.ts'
import { drain } from './drain.ts'
import { callMark, killTree } from './kill-tree.ts'
import type { ProcessEvent, ProcessEvents } from './process-event.ts'
import { spawnPiped, type LaunchContext, type PipedChild } from './spawn-piped.ts'

export type RunProcessOptions = LaunchContext & {
  /** Everything that was started is killed after this time. */
  timeoutMs: number
  signal?: AbortSignal | undefined
}

/**
 * Runs a shell command in a process group of its own. Aborting the signal, the time limit, or leaving the iteration kills
 * all that it started; background jobs of a command that ended by itself live on.
 *
 * @throws the error of the system when the command cannot be started
 */
export async function* runProcess(command: string, options: RunProcessOptions): ProcessEvents {
  const { timeoutMs, signal } = options
  signal?.throwIfAborted()
  const mark = `${options.environment[callMark] ?? ''}.${randomUUID()}`
  const environment = { ...options.environment, [callMark]: mark }
  const started = await spawnPiped('/bin/sh', ['-c', command], { ...options, environment })
  const kill = () => killTree(started.child.pid!, mark)
  let timedOut = false
  const timer = setTimeout(() => {
    timedOut = true
    void kill()
  }, timeoutMs)
  const abort = () => void kill()
  signal?.addEventListener('abort', abort, { once: true })
  let ended = false
  try {
    const events = eventsOf(started)
    if (signal?.aborted) abort()
    for await (const event of events) {
      if (event.type !== 'exit') yield event
      else {
        ended = true
        if (timedOut) await kill()
        yield { ...event, timedOut }
      }
    }
  } finally {
    clearTimeout(timer)
    signal?.removeEventListener('abort', abort)
    if (!ended || signal?.aborted) await kill()
  }
}

/** Output as it comes, then the exit. A reader that is behind holds the process back. */
function eventsOf({ child, stdout, stderr }: PipedChild): EventQueue<ProcessEvent> {
  const queue = new EventQueue<ProcessEvent>()
  const streams = [stdout, stderr]
  for (const [type, stream] of [['stdout', stdout] as const, ['stderr', stderr] as const]) {
    stream.on('data', (data: Buffer) => queue.push({ type, data }))
    // A broken pipe is the end of the output, and the exit tells the rest.
    stream.on('error', () => {})
  }
  queue.onFull = () => streams.forEach((stream) => stream.pause())
  queue.onEmpty = () => streams.forEach((stream) => stream.resume())
  child.once('exit', (code, signal) => {
    // What is left in the pipes is little: read it even when the reader is behind.
    queue.onFull = () => {}
    queue.onEmpty()
    void drain(streams).then(() => {
      queue.push({ type: 'exit', code, signal, timedOut: false })
      queue.end()
    })
  })
  return queue
}
