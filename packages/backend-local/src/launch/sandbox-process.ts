import { spawn, type ChildProcess } from 'node:child_process'
import { readFileSync } from 'node:fs'
import type { Readable, Writable } from 'node:stream'
import type { Clock } from '@runtime-sandbox/core'
import { identifyProcess, isAlive, type ProcessIdentity } from '../host/process-identity.ts'
import { tokenDescriptor } from './inside-paths.ts'
import type { LogTail } from './log-tail.ts'

/** Descriptors of bubblewrap, besides standard ones and that of the token. */
export const launchDescriptors = { status: 4, arguments: 5, seccomp: 6 } as const

export type SandboxProcessOptions = {
  command: readonly string[]
  bwrapArguments: readonly string[]
  seccomp: Buffer | undefined
  token: string
  log: LogTail
  clock: Clock
}

/** How long bubblewrap may take to say which process is the sandbox's first. */
const reportMs = 10_000
const pauseMs = 5
/** How long killed processes may take to vanish. */
const vanishMs = 10_000

/** The processes of one start of a sandbox: bubblewrap, which is a child of this process, and all that it contains. */
export class SandboxProcess {
  readonly #child: ChildProcess
  readonly #clock: Clock
  #end: string | undefined
  #failure: Error | undefined
  #init: ProcessIdentity | undefined
  /** Resolves with the reason when all processes have ended; never rejects. */
  readonly ended: Promise<string>
  /** First process inside, as the host sees it; undefined when it ended before bubblewrap could tell. */
  readonly init: Promise<ProcessIdentity | undefined>

  /** @throws never; a start that fails is an end with a reason, and `failure` */
  constructor({ command, bwrapArguments, seccomp, token, log, clock }: SandboxProcessOptions) {
    this.#clock = clock
    this.#child = spawn(command[0]!, command.slice(1), {
      cwd: '/',
      env: {},
      stdio: ['ignore', 'pipe', 'pipe', 'pipe', 'pipe', 'pipe', 'pipe'],
    })
    this.#child.stdout!.on('data', (chunk: Buffer) => log.add(chunk))
    this.#child.stderr!.on('data', (chunk: Buffer) => log.add(chunk))
    for (const stream of this.#child.stdio) stream?.on('error', () => {})
    this.#writer(launchDescriptors.arguments)?.end(bwrapArguments.map((argument) => `${argument}\0`).join(''))
    this.#writer(launchDescriptors.seccomp)?.end(seccomp ?? '')
    const exited = this.#awaitExit()
    this.init = this.#awaitReport(exited)
    // Only now: bubblewrap will end when this process does, so no sandbox gets a token that nobody is left to use.
    void this.init.then(() => this.#writer(tokenDescriptor)?.end(token))
    this.ended = exited.then((reason) => this.#awaitVanishing(reason))
  }

  /** Why all processes ended; undefined while they run. */
  get end(): string | undefined {
    return this.#end
  }

  /** What the system said when nothing could be started at all. */
  get failure(): Error | undefined {
    return this.#failure
  }

  /** Ends all processes: the runtime is asked first, if there is a grace time. Idempotent. */
  async stop(graceMs: number): Promise<void> {
    const init = await this.init
    if (init && graceMs > 0 && this.#end === undefined) {
      signalTo(runtimeProcess(init), 'SIGTERM')
      await this.#within(graceMs, this.ended)
    }
    await this.kill()
  }

  /** Kills all processes at once and resolves when they are gone. Idempotent. */
  async kill(): Promise<void> {
    const init = await this.init
    if (this.#end !== undefined) return
    // The end of the first process is, by the kernel, that of all in its namespace; bubblewrap then ends by itself.
    if (!init || !isAlive(init) || !signalTo(init.pid, 'SIGKILL')) this.#child.kill('SIGKILL')
    await this.ended
  }

  #writer(descriptor: number): Writable | undefined {
    return (this.#child.stdio[descriptor] as Writable | null) ?? undefined
  }

  #awaitExit(): Promise<string> {
    return new Promise((resolve) => {
      this.#child.once('error', (error) => {
        this.#failure = error
        resolve(error.message)
      })
      this.#child.once('exit', (code, signal) => resolve(signal ? `killed by ${signal}` : `exit code ${code}`))
    })
  }

  async #awaitReport(exited: Promise<string>): Promise<ProcessIdentity | undefined> {
    const report = new Promise<ProcessIdentity | undefined>((resolve) => {
      let text = ''
      const status = this.#child.stdio[launchDescriptors.status] as Readable | null
      status?.on('data', (chunk: Buffer) => {
        text += chunk.toString('utf8')
        const match = /"child-pid":\s*(\d+)/.exec(text)
        if (!match) return
        this.#init = identifyProcess(Number(match[1]))
        resolve(this.#init)
      })
    })
    const first = await this.#within(reportMs, Promise.race([report, exited.then(() => undefined)]))
    return first ?? this.#init
  }

  /** After bubblewrap is gone: until the kernel has taken down what was in it. */
  async #awaitVanishing(reason: string): Promise<string> {
    const deadline = performance.now() + vanishMs
    while (this.#init && isAlive(this.#init) && performance.now() < deadline) {
      signalTo(this.#init.pid, 'SIGKILL')
      await this.#clock.sleep(pauseMs)
    }
    this.#end = reason
    return reason
  }

  async #within<T>(timeoutMs: number, promise: Promise<T>): Promise<T | undefined> {
    const { promise: late, resolve } = Promise.withResolvers<undefined>()
    const timer = this.#clock.after(timeoutMs, () => resolve(undefined))
    try {
      return await Promise.race([promise, late])
    } finally {
      timer.cancel()
    }
  }
}

/** The runtime is the only child of the sandbox's first process when it starts, and its oldest later. */
function runtimeProcess({ pid }: ProcessIdentity): number | undefined {
  try {
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ')
    return children[0] ? Number(children[0]) : undefined
  } catch {
    return undefined
  }
}

/** @returns whether the process was there */
function signalTo(pid: number | undefined, signal: NodeJS.Signals): boolean {
  try {
    return pid !== undefined && process.kill(pid, signal)
  } catch {
    return false
  }
}
