import { spawn, type ChildProcess } from 'node:child_process'
import { createInterface } from 'node:readline'
import type { Readable, Writable } from 'node:stream'
import { killGroup } from '../process/kill-tree.ts'

export type KernelLaunch = {
  /** Interpreter with IPython. */
  python: string
  /** Path of kernel_host.py. */
  host: string
  cwd: string
  environment: NodeJS.ProcessEnv
}

type Message =
  | { type: 'ready' }
  | { type: 'failed'; detail: string }
  | { type: 'done'; id: number; error: { name: string; message: string } | null }

/** Who listens to the kernel while a cell runs. */
export type KernelListener = {
  onOutput(type: 'stdout' | 'stderr', data: Buffer): void
  onDone(error: { name: string; message: string } | null): void
}

const drainGraceMs = 50

/** One Python process that hosts the shell. Ends once, with a reason, and is not restarted here. */
export class KernelProcess {
  readonly #child: ChildProcess
  /** Why the process ended; resolves exactly once. */
  readonly ended: Promise<string>
  /** Resolves when cells can be sent; rejects with the host's own words when it cannot serve. */
  readonly ready: Promise<void>
  listener: KernelListener | undefined

  constructor({ python, host, cwd, environment }: KernelLaunch) {
    this.#child = spawn(python, ['-u', host], {
      cwd,
      detached: true,
      env: { ...environment, PYTHONUNBUFFERED: '1', PYTHONIOENCODING: 'utf-8:backslashreplace' },
      stdio: ['ignore', 'pipe', 'pipe', 'pipe', 'pipe'],
    })
    let fail: (error: Error) => void = () => {}
    this.ended = new Promise((resolve) => {
      this.#child.once('error', (error) => resolve(`it could not be started: ${error.message}`))
      this.#child.once('exit', (code, signal) => {
        // What it printed last may still be in the pipes, which a background process can hold open.
        setTimeout(() => resolve(signal ? `killed by ${signal}` : `exit code ${code}`), drainGraceMs)
      })
    })
    this.ready = new Promise((resolve, reject) => {
      fail = reject
      this.#readMessages(resolve, reject)
    })
    this.ready.catch(() => {})
    void this.ended.then((reason) => fail(new Error(`the Python kernel ended: ${reason}`)))
    for (const type of ['stdout', 'stderr'] as const) {
      this.#child[type]?.on('data', (data: Buffer) => this.listener?.onOutput(type, data))
      this.#child[type]?.on('error', () => {})
    }
    this.#requests?.on('error', () => {})
  }

  /** Sends a cell; the listener hears of it. */
  run(id: number, code: string, marker: string): void {
    this.#requests?.write(`${JSON.stringify({ id, code, marker })}\n`)
  }

  /** As Ctrl-C: the cell and the child processes in its group get SIGINT. */
  interrupt(): void {
    if (this.#child.pid !== undefined) killGroup(this.#child.pid, 'SIGINT')
  }

  kill(): void {
    if (this.#child.pid !== undefined) killGroup(this.#child.pid)
    // A background process may hold the pipes open; the end of the kernel does not wait for it.
    for (const stream of this.#child.stdio) stream?.destroy()
  }

  get #requests(): Writable | undefined {
    return (this.#child.stdio[3] as Writable | null) ?? undefined
  }

  #readMessages(onReady: () => void, onFailed: (error: Error) => void): void {
    const answers = this.#child.stdio[4] as Readable | null
    if (!answers) return
    answers.on('error', () => {})
    const lines = createInterface({ input: answers })
    lines.on('error', () => {})
    lines.on('line', (line) => {
      const message = JSON.parse(line) as Message
      if (message.type === 'ready') onReady()
      else if (message.type === 'failed') onFailed(new Error(message.detail))
      else this.listener?.onDone(message.error)
    })
  }
}
