import {
  SandboxError,
  type Clock,
  type Container,
  type ContainerBackend,
  type ContainerEvent,
  type ContainerInfo,
  type ContainerSpec,
  type StopOptions,
  type WaitOptions,
  systemClock,
} from '@runtime-sandbox/core'
import { EventFeed } from './event-feed.ts'
import { FakeContainer } from './fake-container.ts'
import type { FakeHealth, FakeResponder, FakeRuntime } from './fake-runtime.ts'
import { FaultPlan, type HeldCall } from './fault-plan.ts'

export type FakeBackendOptions = {
  /** For `createdAt`; default: the wall clock. */
  clock?: Clock
  /** Default true; false: closing it ends its sandboxes. */
  survivesServer?: boolean
  mountsHostDirectories?: boolean
  /** Keys of runtimeConfig that it takes; others are refused. Default none. */
  runtimeConfigKeys?: readonly string[]
  /**
   * What answers at a container's url: a {@link FakeRuntime} on TCP (default) or on a Unix socket, or nothing at all.
   */
  endpoint?: 'tcp' | 'unix' | 'nothing'
}

export type FakeBackendMethod =
  | 'create'
  | 'start'
  | 'stop'
  | 'remove'
  | 'inspect'
  | 'list'
  | 'ping'
  | 'close'
  | 'resolveImage'
  | 'watch'
  | 'logs'

/** An engine in memory: as strict as a real one, and it does what a test tells it. */
export class FakeBackend implements ContainerBackend, AsyncDisposable {
  readonly name = 'fake'
  readonly survivesServer: boolean
  readonly mountsHostDirectories: boolean
  /** Health of the runtimes of containers that start from now on. */
  health: FakeHealth = 'healthy'
  /** See FakeRuntimeOptions; for containers that start from now on. */
  respond: FakeResponder | undefined
  readonly #options: FakeBackendOptions
  readonly #faults = new FaultPlan<FakeBackendMethod>()
  readonly #containers = new Map<string, FakeContainer>()
  readonly #imageIds = new Map<string, string | undefined>()
  readonly #events = new EventFeed<ContainerEvent & { labels: Readonly<Record<string, string>> }>()
  #lastId = 0

  constructor(options: FakeBackendOptions = {}) {
    this.#options = options
    this.survivesServer = options.survivesServer ?? true
    this.mountsHostDirectories = options.mountsHostDirectories ?? false
  }

  // What a test does to it.

  /** Calls of `method` until now. */
  calls(method: FakeBackendMethod): number {
    return this.#faults.count(method)
  }

  /** The next `times` calls of `method` throw `error` (default `engine_unavailable`) and have no effect. */
  failNext(method: FakeBackendMethod, error?: unknown, times?: number): void {
    this.#faults.failNext(
      method,
      error ?? new SandboxError('engine_unavailable', `planned failure of ${method}`),
      times,
    )
  }

  /** The next call of `method` waits, before it has any effect, until it is released or its signal aborts. */
  holdNext(method: FakeBackendMethod): HeldCall {
    return this.#faults.holdNext(method)
  }

  /** While true, every call fails with `engine_unavailable`. Containers go on running. */
  get down(): boolean {
    return this.#faults.down
  }

  set down(down: boolean) {
    this.#faults.down = down
  }

  /** The image is rebuilt under the same reference; undefined: it is not to be had any more. Default `sha256:<reference>`. */
  setImageId(image: string, imageId: string | undefined): void {
    this.#imageIds.set(image, imageId)
  }

  /** The container ends by itself, as when its first process is killed. Watchers are told. */
  async exit(nameOrId: string, reason = 'killed'): Promise<void> {
    const container = this.#find(nameOrId)
    await container.halt()
    this.#events.send({ name: container.name, kind: 'exited', reason, labels: container.spec.labels })
  }

  /** The container is deleted behind our back. Watchers are told. */
  async vanish(nameOrId: string, reason = 'removed by somebody'): Promise<void> {
    const container = this.#find(nameOrId)
    this.#containers.delete(container.id)
    await container.halt()
    this.#events.send({ name: container.name, kind: 'removed', reason, labels: container.spec.labels })
  }

  /** Readers of `watch` now. */
  get watchers(): number {
    return this.#events.readers
  }

  /** What exists now, oldest first. */
  get containers(): readonly ContainerInfo[] {
    return [...this.#containers.values()].map((container) => container.info())
  }

  /** The spec that a container was made of. */
  specOf(nameOrId: string): ContainerSpec {
    return this.#find(nameOrId).spec
  }

  /** What answers at the container's url. @throws Error when it does not run, or with `endpoint: 'nothing'` */
  runtimeOf(nameOrId: string): FakeRuntime {
    const { runtime } = this.#find(nameOrId)
    if (!runtime) throw new Error(`container ${nameOrId} has no runtime now`)
    return runtime
  }

  // The engine.

  async create(spec: ContainerSpec, { signal }: WaitOptions = {}): Promise<Container> {
    await this.#faults.enter('create', signal)
    const imageId = this.#imageId(spec.image)
    this.#refuseUnknownOptions(spec)
    if (this.#lookUp(spec.name)) throw new SandboxError('conflict', `a container named ${spec.name} exists`)
    const id = (++this.#lastId).toString(16).padStart(64, '0')
    const createdAt = (this.#options.clock ?? systemClock).now()
    const container = new FakeContainer({ id, imageId, createdAt, spec: structuredClone(spec) })
    this.#containers.set(id, container)
    try {
      return await this.#run(container, signal)
    } catch (error) {
      await this.#destroy(container)
      throw error
    }
  }

  async start(id: string, { signal }: WaitOptions = {}): Promise<Container> {
    await this.#faults.enter('start', signal)
    return this.#run(this.#find(id), signal)
  }

  async stop(id: string, { signal }: StopOptions = {}): Promise<void> {
    await this.#faults.enter('stop', signal)
    await this.#find(id).halt()
  }

  async remove(id: string, { signal }: WaitOptions = {}): Promise<void> {
    await this.#faults.enter('remove', signal)
    const container = this.#lookUp(id)
    if (container) await this.#destroy(container)
  }

  async inspect(id: string, { signal }: WaitOptions = {}): Promise<ContainerInfo | undefined> {
    await this.#faults.enter('inspect', signal)
    return this.#lookUp(id)?.info()
  }

  async *list(labels: Record<string, string>, { signal }: WaitOptions = {}): AsyncGenerator<ContainerInfo, void> {
    await this.#faults.enter('list', signal)
    for (const container of this.#containers.values()) {
      signal?.throwIfAborted()
      if (hasLabels(container.spec.labels, labels)) yield container.info()
    }
  }

  async ping({ signal }: WaitOptions = {}): Promise<void> {
    await this.#faults.enter('ping', signal)
  }

  async close(): Promise<void> {
    await this.#faults.enter('close', undefined)
    if (!this.survivesServer) await this[Symbol.asyncDispose]()
  }

  async resolveImage(image: string, { signal }: WaitOptions = {}): Promise<string> {
    await this.#faults.enter('resolveImage', signal)
    return this.#imageId(image)
  }

  async *watch(labels: Record<string, string>, { signal }: WaitOptions): AsyncGenerator<ContainerEvent, void> {
    await this.#faults.enter('watch', signal)
    for await (const event of this.#events.read((sent) => hasLabels(sent.labels, labels), signal)) {
      const { name, kind, reason } = event
      yield { name, kind, reason }
    }
  }

  async logs(id: string, { signal, lines = 100 }: WaitOptions & { lines?: number } = {}): Promise<string> {
    await this.#faults.enter('logs', signal)
    return this.#find(id).log.slice(-lines).join('\n')
  }

  /** Ends every container, whatever `survivesServer` says. */
  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#containers.values()].map((container) => this.#destroy(container)))
  }

  async #run(container: FakeContainer, signal: AbortSignal | undefined): Promise<Container> {
    const { endpoint = 'tcp' } = this.#options
    await container.run({ endpoint, health: this.health, respond: this.respond })
    signal?.throwIfAborted()
    if (this.#containers.has(container.id)) return container.started()
    await container.halt()
    throw new SandboxError('sandbox_start_failed', `container ${container.name} was removed while it was starting`)
  }

  async #destroy(container: FakeContainer): Promise<void> {
    this.#containers.delete(container.id)
    await container.halt()
  }

  #imageId(image: string): string {
    const imageId = this.#imageIds.has(image) ? this.#imageIds.get(image) : `sha256:${image}`
    if (imageId !== undefined) return imageId
    throw new SandboxError('image_unavailable', `image ${image} is not to be had`)
  }

  #refuseUnknownOptions({ runtimeConfig }: ContainerSpec): void {
    const known = this.#options.runtimeConfigKeys ?? []
    const unknown = Object.keys(runtimeConfig).filter((key) => !known.includes(key))
    if (unknown.length > 0) throw new SandboxError('not_supported', `runtimeConfig: ${unknown.join(', ')}`)
  }

  #find(nameOrId: string): FakeContainer {
    const container = this.#lookUp(nameOrId)
    if (container) return container
    throw new SandboxError('sandbox_not_found', `no container ${nameOrId}`)
  }

  #lookUp(nameOrId: string): FakeContainer | undefined {
    return this.#containers.get(nameOrId) ?? [...this.#containers.values()].find(({ name }) => name === nameOrId)
  }
}

/** A new, empty engine. */
export function createFakeBackend(options?: FakeBackendOptions): FakeBackend {
  return new FakeBackend(options)
}

function hasLabels(labels: Readonly<Record<string, string>>, wanted: Readonly<Record<string, string>>): boolean {
  return Object.entries(wanted).every(([key, value]) => labels[key] === value)
}
