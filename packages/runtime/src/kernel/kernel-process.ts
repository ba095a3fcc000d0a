import type { ChildProcess } from 'node:child_process'
import { createInterface } from 'node:readline'
import type { Readable, Writable } from 'node:stream'
import { z } from 'zod'
import { drain } from '../process/drain.ts'
import { killGroup } from '../process/kill-tree.ts'
import { spawnPiped, type LaunchContext } from '../process/spawn-piped.ts'
import type { PythonError } from './kernel-event.ts'

export type KernelLaunch = LaunchContext & {
  /** Interpreter with IPython. */
  python: string
  /** Path of kernel_host.py. */
  host: string
  /** Where IPython may keep files; made when needed. */
  folder: string
}

const messageSchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('ready') }),
  z.object({ type: z.literal('failed'), detail: z.string() }),
  z.object({
    type: z.literal('done'),
    id: z.number(),
    error: z.object({ name: z.string(), message: z.string() }).nullable(),
  }),
])

/** Who listens to the kernel while a cell runs. */
export type KernelListener = {
  onOutput(type: 'stdout' | 'stderr', data: Buffer): void
  onDone(id: number, error: PythonError | null): void
}

/** No Python cell can run; the message says why, for the caller. */
export class KernelUnavailable extends Error {}

/** One Python process that hosts the shell. Ends once, with a reason, and is not restarted here. */
export class KernelProcess {
  #child: ChildProcess | undefined
  #outputs: Readable[] = []
  #killed = false
  /** Why the process ended; resolves once, when its output has been read. */
  readonly ended: Promise<string>
  /** Resolves when cells can be sent; rejects with KernelUnavailable. */
  readonly ready: Promise<void>
  listener: KernelListener | undefined

  constructor(launch: KernelLaunch) {
    const ended = Promise.withResolvers<string>()
    const ready = Promise.withResolvers<void>()
    this.ended = ended.promise
    this.ready = ready.promise
    this.ready.catch(() => {})
    void this.ended.then((reason) => ready.reject(new KernelUnavailable(`the Python session ended: ${reason}`)))
    this.#start(launch, ready, ended.resolve).catch((error: unknown) => {
      ready.reject(new KernelUnavailable(`${launch.python} cannot be started: ${(error as Error).message}`))
      ended.resolve((error as Error).message)
    })
  }

  /** Sends a cell; the listener hears of it. */
  run(id: number, code: string, marker: string): void {
    const requests = this.#child?.stdio[3] as Writable
    requests.write(`${JSON.stringify({ id, code, marker })}\n`)
  }

  /** Takes no more output, which holds the cell back when it prints on. */
  pause(): void {
    for (const stream of this.#outputs) stream.pause()
  }

  resume(): void {
    for (const stream of this.#outputs) stream.resume()
  }

  /** As Ctrl-C: the cell and the child processes in its group get SIGINT. */
  interrupt(): void {
    if (this.#child) killGroup(this.#child.pid!, 'SIGINT')
  }

  kill(): void {
    this.#killed = true
    if (this.#child) killGroup(this.#child.pid!)
  }

  async #start(launch: KernelLaunch, ready: PromiseWithResolvers<void>, onEnd: (reason: string) => void) {
    const { python, host, folder } = launch
    const { child, stdout, stderr } = await spawnPiped(python, ['-u', '-X', 'utf8', host, folder], launch, 2)
    this.#child = child
    this.#outputs = [stdout, stderr]
    if (this.#killed) this.kill()
    for (const [type, stream] of [['stdout', stdout] as const, ['stderr', stderr] as const]) {
      stream.on('data', (data: Buffer) => this.listener?.onOutput(type, data))
      stream.on('error', () => {})
    }
    child.once('exit', (code, signal) => {
      // What is left in the pipes is little: read it even when the reader is behind.
      this.resume()
      this.#outputs = []
      const reason = signal ? `killed by ${signal}` : `exit code ${code}`
      void drain([stdout, stderr]).then(() => onEnd(reason))
    })
    child.stdio[3]?.on('error', () => {})
    this.#readMessages(child.stdio[4] as Readable, ready)
  }

  /** User code may write here by accident; what is no message is ignored. */
  #readMessages(answers: Readable, ready: PromiseWithResolvers<void>): void {
    answers.on('error', () => {})
    createInterface({ input: answers }).on('line', (line) => {
      const message = parseMessage(line)
      if (message?.type === 'ready') ready.resolve()
      else if (message?.type === 'failed') ready.reject(new KernelUnavailable(message.detail))
      else if (message?.type === 'done') this.listener?.onDone(message.id, message.error)
    })
  }
}

function parseMessage(line: string): z.output<typeof messageSchema> | undefined {
  try {
    return messageSchema.parse(JSON.parse(line))
  } catch {
    return undefined
  }
}
