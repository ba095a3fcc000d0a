import type Docker from 'dockerode'
import {
  SandboxError,
  type BackendContext,
  type Container,
  type ContainerBackend,
  type ContainerEvent,
  type ContainerInfo,
  type ContainerSpec,
  type ErrorCode,
  type StopOptions,
  type WaitOptions,
} from '@runtime-sandbox/core'
import { containerInfo } from './container-info.ts'
import { isContainerReference } from './container-reference.ts'
import { ContainerMaker } from './create/container-maker.ts'
import { readEngineFeatures } from './create/engine-features.ts'
import { SocketDirectories } from './create/socket-directories.ts'
import { demuxLogs } from './demux-logs.ts'
import type { DockerEngine } from './docker-engine.ts'
import type { DockerBackendOptions } from './docker-options.ts'
import { Images } from './images.ts'
import { isNotFound, mapError, statusOf } from './map-error.ts'
import { limited, requestLimits } from './request-limits.ts'
import { watchContainers } from './watch-containers.ts'

const defaultGraceMs = 10_000
/** How long the engine may take to tell of a change that it has made, and how often it is asked. */
const settleMs = 5_000
const settlePauseMs = 50
/** Status with which the engine tells that there was nothing to do. */
const notModified = 304

type Order = {
  /** For the message of an error. */
  doing: string
  /** What a refusal means; default: the engine cannot be used. */
  otherwise?: ErrorCode
  signal: AbortSignal | undefined
  limitMs?: number
}

/** Sandboxes as containers of a Docker engine. */
export class DockerBackend implements ContainerBackend {
  readonly name: string
  readonly survivesServer = true
  readonly mountsHostDirectories = true
  readonly #engine: DockerEngine
  readonly #context: BackendContext
  readonly #images: Images
  readonly #sockets: SocketDirectories
  readonly #maker: ContainerMaker
  /** Runtime that the engine has to have. */
  readonly #runtime: string | undefined
  /** Names of the containers seen here: of one that vanished, the engine does not tell which port was its own. */
  readonly #names = new Map<string, string>()

  constructor(engine: DockerEngine, options: DockerBackendOptions, context: BackendContext) {
    const { logger, clock, ports } = context
    this.name = options.name ?? 'docker'
    this.#engine = engine
    this.#runtime = options.runtime
    this.#context = context
    this.#images = new Images({ docker: engine.docker, logger, clock, pull: options.pull })
    this.#sockets = new SocketDirectories(options.socketDirectory)
    this.#maker = new ContainerMaker({
      engine,
      options,
      ports,
      logger,
      clock,
      images: this.#images,
      sockets: this.#sockets,
    })
  }

  async create(spec: ContainerSpec, { signal }: WaitOptions = {}): Promise<Container> {
    signal?.throwIfAborted()
    const container = await this.#maker.make(spec, signal)
    this.#names.set(container.id, spec.name)
    return container
  }

  async start(id: string, { signal }: WaitOptions = {}): Promise<Container> {
    const order: Order = { doing: `to start ${id}`, otherwise: 'sandbox_start_failed', signal }
    await this.#tell(id, order, (container, options) => container.start(options).catch(ignore(notModified)))
    const info = await this.inspect(id, { signal })
    if (!info) throw unknown(id)
    return { id: info.id, url: info.url, ports: info.ports, imageId: info.imageId }
  }

  async stop(id: string, { graceMs = defaultGraceMs, signal }: StopOptions = {}): Promise<void> {
    const order: Order = { doing: `to stop ${id}`, signal, limitMs: graceMs + requestLimits.change }
    const t = Math.ceil(graceMs / 1000)
    await this.#tell(id, order, (container, options) => container.stop({ t, ...options }).catch(ignore(notModified)))
  }

  async remove(id: string, { signal }: WaitOptions = {}): Promise<void> {
    const info = await this.inspect(id, { signal })
    if (info) await this.#delete(info.id, signal)
    const name = info?.name ?? this.#names.get(id) ?? (await this.#sockets.nameOf(id)) ?? id
    await this.#maker.forget(name)
    this.#names.delete(info?.id ?? id)
  }

  async inspect(id: string, { signal }: WaitOptions = {}): Promise<ContainerInfo | undefined> {
    if (!isContainerReference(id)) return undefined
    try {
      const inspected = await this.#engine.docker.getContainer(id).inspect(limited(signal, requestLimits.look))
      const info = containerInfo(inspected, this.#engine.advertisedHost)
      // The engine also takes the beginning of an id for the whole.
      return info.id === id || info.name === id ? info : undefined
    } catch (error) {
      if (isNotFound(error)) return undefined
      throw mapError(error, { otherwise: 'engine_unavailable', doing: `to look at ${id}`, signal })
    }
  }

  async *list(labels: Record<string, string>, { signal }: WaitOptions = {}): AsyncGenerator<ContainerInfo, void, void> {
    const label = Object.entries(labels).map(([name, value]) => `${name}=${value}`)
    const listed = await this.#engine.docker
      .listContainers({ all: true, filters: { label }, ...limited(signal, requestLimits.look) })
      .catch((error: unknown) => {
        throw mapError(error, { otherwise: 'engine_unavailable', doing: 'to list containers', signal })
      })
    for (const { Id } of listed) {
      const info = await this.inspect(Id, { signal })
      if (!info) continue
      // A restarted server does not know yet which ports its containers hold.
      for (const port of info.ports) await this.#context.ports.holdPort(Number(port), info.name)
      this.#names.set(info.id, info.name)
      yield info
    }
  }

  async ping({ signal }: WaitOptions = {}): Promise<void> {
    try {
      // The types do not know that a ping takes options.
      await (this.#engine.docker.ping(limited(signal, requestLimits.ping) as never) as unknown as Promise<unknown>)
    } catch (error) {
      throw mapError(error, { otherwise: 'engine_unavailable', doing: 'to show a sign of life', signal })
    }
    if (this.#runtime === undefined) return
    const { runtimes } = await readEngineFeatures(this.#engine.docker)
    if (runtimes.has(this.#runtime)) return
    throw new SandboxError('engine_unavailable', `this Docker engine has no runtime named ${this.#runtime}`)
  }

  async resolveImage(image: string, options: WaitOptions = {}): Promise<string> {
    return this.#images.resolve(image, options)
  }

  watch(labels: Record<string, string>, { signal }: WaitOptions): AsyncGenerator<ContainerEvent, void, void> {
    const { logger, clock } = this.#context
    const { docker } = this.#engine
    return watchContainers(labels, signal ?? new AbortController().signal, { docker, logger, clock })
  }

  async logs(id: string, { lines = 50, signal }: WaitOptions & { lines?: number } = {}): Promise<string> {
    let text = ''
    await this.#tell(id, { doing: `to tell the log of ${id}`, signal }, async (container, options) => {
      const query = { stdout: true, stderr: true, tail: lines, follow: false as const, ...options }
      text = demuxLogs(await container.logs(query))
    })
    return text
  }

  async pause(id: string, { signal }: WaitOptions = {}): Promise<void> {
    await this.#tell(id, { doing: `to pause ${id}`, signal }, (container, options) => container.pause(options))
    await this.#untilTold(id, { paused: true, signal })
  }

  async resume(id: string, { signal }: WaitOptions = {}): Promise<void> {
    await this.#tell(id, { doing: `to resume ${id}`, signal }, (container, options) => container.unpause(options))
    await this.#untilTold(id, { paused: false, signal })
  }

  /** Containers outlive the server; only connections end. */
  async close(): Promise<void> {
    this.#engine.disconnect()
  }

  async #tell(
    id: string,
    { doing, otherwise = 'engine_unavailable', signal, limitMs = requestLimits.change }: Order,
    request: (container: Docker.Container, options: { abortSignal: AbortSignal }) => Promise<unknown>,
  ): Promise<void> {
    if (!isContainerReference(id)) throw unknown(id)
    try {
      await request(this.#engine.docker.getContainer(id), limited(signal, limitMs))
    } catch (error) {
      if (isNotFound(error) && !signal?.aborted) throw unknown(id, error)
      throw mapError(error, { otherwise, doing, signal })
    }
  }

  /** The engine pauses at once, and may tell of it a moment later. */
  async #untilTold(id: string, { paused, signal }: { paused: boolean; signal: AbortSignal | undefined }) {
    const { clock } = this.#context
    const deadline = clock.now() + settleMs
    for (;;) {
      const info = await this.inspect(id, { signal })
      if (!info || (info.status === 'paused') === paused) return
      if (clock.now() > deadline)
        throw new SandboxError('engine_unavailable', `the Docker engine still says that ${id} is ${info.status}`)
      await clock.sleep(settlePauseMs, signal ? { signal } : {})
    }
  }

  async #delete(id: string, signal: AbortSignal | undefined): Promise<void> {
    const doing = `to remove ${id}`
    const container = this.#engine.docker.getContainer(id)
    try {
      await container.remove({ force: true, v: true, ...limited(signal, requestLimits.change) })
    } catch (error) {
      if (isNotFound(error)) return
      // Another removal of the same container is under way; it is over when that one is.
      if (statusOf(error) !== 409) throw mapError(error, { otherwise: 'engine_unavailable', doing, signal })
      await container
        .wait({ condition: 'removed', ...limited(signal, requestLimits.change) })
        .catch((failure: unknown) => {
          if (!isNotFound(failure)) throw mapError(failure, { otherwise: 'engine_unavailable', doing, signal })
        })
    }
  }
}

function unknown(id: string, cause?: unknown): SandboxError {
  return new SandboxError('sandbox_not_found', `the Docker engine does not know ${id}`, { cause })
}

function ignore(status: number): (error: unknown) => void {
  return (error) => {
    if (statusOf(error) !== status) throw error
  }
}
