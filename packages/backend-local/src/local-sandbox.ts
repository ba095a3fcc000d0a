import {
  SandboxError,
  type Container,
  type ContainerInfo,
  type ContainerSpec,
  type ContainerStatus,
  type Logger,
} from '@runtime-sandbox/core'
import type { Clock } from '@runtime-sandbox/core'
import { makeCgroups, removeCgroups } from './cgroups/sandbox-cgroups.ts'
import type { LimitPlan } from './confine/plan-limits.ts'
import { findTool, runTool } from './host/run-tool.ts'
import { identifyProcess, type ProcessIdentity } from './host/process-identity.ts'
import type { LocalHost } from './host/local-host.ts'
import { LogTail } from './launch/log-tail.ts'
import { prepareLaunch } from './launch/prepare-launch.ts'
import { SandboxProcess } from './launch/sandbox-process.ts'
import { mapError } from './map-error.ts'
import { SandboxDirectory } from './state/sandbox-directory.ts'
import { freeUserId, leaseUserId, type StateDirectory } from './state/state-directory.ts'

/** How long a runtime may take to make its socket. */
const startTimeoutMs = 30_000
const pauseMs = 5

export type LocalSandboxParts = {
  id: string
  /** Checked: its mounts are real paths. */
  spec: ContainerSpec
  imageId: string
  limits: LimitPlan
  hostNetwork: boolean
  scratchBytes: number
  userIds: { base: number; count: number }
  runtimeEntry: string
  host: LocalHost
  state: StateDirectory
  clock: Clock
  logger: Logger
  /** All processes ended, and nobody had asked for it. */
  onEnd(reason: string): void
}

/** One sandbox of this server: its directory, user id, cgroups and processes. */
export class LocalSandbox {
  readonly id: string
  readonly createdAt: number
  readonly #parts: LocalSandboxParts
  readonly #directory: SandboxDirectory
  readonly #log = new LogTail()
  /** Aborted by `remove`: a start in progress is given up. */
  readonly #removal = new AbortController()
  #status: ContainerStatus = 'created'
  #uid: number | undefined
  #cgroups: string[] = []
  #process: SandboxProcess | undefined
  #turn: Promise<unknown> = Promise.resolve()

  constructor(parts: LocalSandboxParts) {
    this.id = parts.id
    this.createdAt = parts.clock.now()
    this.#parts = parts
    this.#directory = new SandboxDirectory(parts.state.sandboxes, parts.id)
  }

  get name(): string {
    return this.#parts.spec.name
  }

  /** Starts it, if it does not run. What a start that fails has made is gone, but for the directory. */
  start(signal?: AbortSignal): Promise<Container> {
    return this.#inTurn(async () => {
      if (this.#process?.end === undefined && this.#status === 'running') return this.#container()
      const either = signal ? AbortSignal.any([signal, this.#removal.signal]) : this.#removal.signal
      try {
        either.throwIfAborted()
        await this.#launch(either)
        return this.#container()
      } catch (error) {
        await this.#endProcesses(0)
        throw mapError(error, `sandbox ${this.name} cannot be started`)
      }
    })
  }

  stop(graceMs: number): Promise<void> {
    return this.#inTurn(() => this.#endProcesses(graceMs))
  }

  /** Idempotent. */
  remove(): Promise<void> {
    this.#removal.abort(
      new SandboxError('sandbox_start_failed', `sandbox ${this.name} was removed while it was starting`),
    )
    return this.#inTurn(async () => {
      await this.#endProcesses(0)
      await this.#directory.remove()
      const { state } = this.#parts
      if (this.#uid !== undefined) await freeUserId(state.userIds, this.#uid)
      this.#uid = undefined
    })
  }

  info(): ContainerInfo {
    const { name, labels, environment, mounts } = structuredClone(this.#parts.spec)
    return { ...this.#container(), name, labels, environment, mounts, status: this.#status, createdAt: this.createdAt }
  }

  logs(lines: number): string {
    return this.#log.lines(lines)
  }

  #container(): Container {
    return { id: this.id, url: `unix:${this.#directory.socket}`, ports: [], imageId: this.#parts.imageId }
  }

  async #launch(signal: AbortSignal): Promise<void> {
    const { host, spec, limits, clock, state, hostNetwork, scratchBytes, runtimeEntry, userIds } = this.#parts
    if (this.#status === 'created') await this.#directory.make()
    if (host.root) this.#uid ??= await leaseUserId(state.userIds, userIds.base, userIds.count)
    signal.throwIfAborted()
    await this.#directory.openShared(this.#uid)
    await this.#handOverMounts()
    this.#cgroups = await makeCgroups(host.hierarchies, this.id, { limits: limits.cgroup, clock })
    await this.#keep(null)
    const launch = await prepareLaunch({
      host,
      directory: this.#directory,
      etcDirectory: state.etc,
      runtimeEntry,
      uid: this.#uid,
      cgroups: this.#cgroups,
      limits,
      mounts: spec.mounts,
      hostNetwork: hostNetwork && spec.security.network !== 'none',
      scratchBytes,
      environment: spec.environment,
    })
    signal.throwIfAborted()
    const token = spec.environment['SECRET_TOKEN']!
    const started = new SandboxProcess({ ...launch, token, log: this.#log, clock })
    this.#process = started
    const init = await started.init
    if (init) await this.#keep(init)
    await this.#awaitSocket(started, signal)
    this.#status = 'running'
    void started.ended.then((reason) => this.#onEnded(started, reason))
  }

  /** The sandbox's user owns what it may write to. */
  async #handOverMounts(): Promise<void> {
    const uid = this.#uid
    if (uid === undefined) return
    const writable = this.#parts.spec.mounts.filter(({ readOnly }) => !readOnly).map(({ source }) => source)
    if (writable.length === 0) return
    // The tool walks by open directories, so that nobody can lead it elsewhere with a link meanwhile.
    const { ok, stderr } = await runTool(findTool('chown')!, ['-hRP', `${uid}:${uid}`, '--', ...writable], {
      timeoutMs: 600_000,
    })
    if (!ok)
      throw new SandboxError('sandbox_start_failed', `workspace cannot be handed over: ${stderr.trim().slice(0, 300)}`)
  }

  async #awaitSocket(started: SandboxProcess, signal: AbortSignal): Promise<void> {
    const deadline = performance.now() + startTimeoutMs
    while (!(await this.#directory.pinSocket())) {
      if (started.failure) throw started.failure
      if (started.end !== undefined) throw this.#startFailure(`it ended while it was starting (${started.end})`)
      if (performance.now() > deadline) throw this.#startFailure(`no socket within ${startTimeoutMs / 1000} s`)
      await this.#parts.clock.sleep(pauseMs, { signal })
    }
    signal.throwIfAborted()
  }

  #startFailure(reason: string): SandboxError {
    const said = this.#log.lines(5)
    return new SandboxError('sandbox_start_failed', `sandbox ${this.name}: ${reason}${said ? `: ${said}` : ''}`)
  }

  #onEnded(ended: SandboxProcess, reason: string): void {
    if (this.#process !== ended) return
    this.#status = 'exited'
    this.#parts.onEnd(reason)
    this.#inTurn(() => this.#endProcesses(0)).catch((error: unknown) =>
      this.#parts.logger.warn({ err: error, sandbox: this.name }, 'what an ended sandbox left could not be cleaned up'),
    )
  }

  async #endProcesses(graceMs: number): Promise<void> {
    const ending = this.#process
    this.#process = undefined
    if (ending) {
      if (graceMs > 0) await ending.stop(graceMs)
      else await ending.kill()
    }
    if (this.#status === 'running') this.#status = 'exited'
    await removeCgroups(this.#cgroups, this.#parts.clock)
    this.#cgroups = []
  }

  #keep(init: ProcessIdentity | null): Promise<void> {
    const { spec, imageId } = this.#parts
    return this.#directory.keep({
      id: this.id,
      name: this.name,
      labels: spec.labels,
      createdAt: this.createdAt,
      imageId,
      mounts: [...spec.mounts],
      uid: this.#uid ?? null,
      cgroups: this.#cgroups,
      server: identifyProcess(process.pid)!,
      init,
    })
  }

  #inTurn<T>(step: () => Promise<T>): Promise<T> {
    const turn = this.#turn.then(step, step)
    this.#turn = turn
    return turn
  }
}
