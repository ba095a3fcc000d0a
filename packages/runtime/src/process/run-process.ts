import { spawn, type ChildProcess } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import type { Readable } from 'node:stream'
import { EventQueue } from './event-queue.ts'
import { callMark, killTree } from './kill-tree.ts'
import type { ProcessEvent, ProcessEvents } from './process-event.ts'

export type RunProcessOptions = {
  cwd: string
  environment: NodeJS.ProcessEnv
  /** Everything that was started is killed after this time. */
  timeoutMs: number
  signal?: AbortSignal | undefined
}

/** How long output is still awaited when the command ended but a background job holds its pipes. */
const drainGraceMs = 150

/**
 * Runs a shell command in a process group of its own. Aborting the signal, the time limit, or leaving the iteration kills
 * all that it started; background jobs of a command that ended by itself live on.
 *
 * @throws the error of the system when the command cannot be started
 */
export async function* runProcess(command: string, options: RunProcessOptions): ProcessEvents {
  const { cwd, environment, timeoutMs, signal } = options
  signal?.throwIfAborted()
  const mark = randomUUID()
  const child = spawn('/bin/sh', ['-c', command], {
    cwd,
    detached: true,
    env: { ...environment, [callMark]: mark },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  await started(child)
  const kill = () => killTree(child.pid!, mark)
  let timedOut = false
  const timer = setTimeout(() => {
    timedOut = true
    void kill()
  }, timeoutMs)
  const abort = () => void kill()
  signal?.addEventListener('abort', abort, { once: true })
  let ended = false
  try {
    for await (const event of eventsOf(child)) {
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

function started(child: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    child.once('spawn', resolve)
    child.once('error', reject)
  })
}

/** Output as it comes, then the exit: when both streams have ended, or shortly after the process has. */
function eventsOf(child: ChildProcess): EventQueue<ProcessEvent> {
  const queue = new EventQueue<ProcessEvent>()
  const streams: [Readable, 'stdout' | 'stderr'][] = [
    [child.stdout!, 'stdout'],
    [child.stderr!, 'stderr'],
  ]
  for (const [stream, type] of streams) {
    stream.on('data', (data: Buffer) => queue.push({ type, data }))
    // A broken pipe is the end of the output, and the exit tells the rest.
    stream.on('error', () => {})
  }
  queue.onFull = () => streams.forEach(([stream]) => stream.pause())
  queue.onEmpty = () => streams.forEach(([stream]) => stream.resume())
  child.once('exit', (code, signal) => {
    // What is left in the pipes is little: read it even when the reader is behind.
    queue.onFull = () => {}
    queue.onEmpty()
    const finish = () => {
      clearTimeout(grace)
      for (const [stream] of streams) stream.destroy()
      queue.push({ type: 'exit', code, signal, timedOut: false })
      queue.end()
    }
    const grace = setTimeout(finish, drainGraceMs)
    child.once('close', finish)
  })
  return queue
}
