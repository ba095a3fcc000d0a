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
import { ContainerMaker } from './create/container-maker.ts'
import { SocketDirectories } from './create/socket-directories.ts'
import { demuxLogs } from './demux-logs.ts'
import type { DockerBackendOptions } from './docker-options.ts'
import { Images } from './images.ts'
import { isNotFound, mapError, statusOf } from './map-error.ts'
import { watchContainers } from './watch-containers.ts'

/** What `connectDocker` found out about the engine. */
export type DockerEngine = {
  docker: Docker
  onThisMachine: boolean
  /** Host that the server dials for published ports. */
  advertisedHost: string
}

const defaultGraceMs = 10_000
const pingLimitMs = 5_000
/** Status with which the engine tells that there was nothing to do. */
const notModified = 304

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

  constructor(engine: DockerEngine, options: DockerBackendOptions, context: BackendContext) {
    this.name = options.name ?? 'docker'
    this.#engine = engine
    this.#context = context
    this.#images = new Images({
      docker: engine.docker,
      logger: context.logger,
      clock: context.clock,
      pull: options.pull,
    })
    this.#sockets = new SocketDirectories(options.socketDirectory)
    this.#maker = new ContainerMaker({
      engine,
      options,
      ports: context.ports,
      images: this.#images,
      sockets: this.#sockets,
    })
  }

  async create(spec: ContainerSpec, { signal }: WaitOptions = {}): Promise<Container> {
    signal?.throwIfAborted()
    return this.#maker.make(spec, signal)
  }

  async start(id: string, { signal }: WaitOptions = {}): Promise<Container> {
    await this.#ask(`starting ${id}`, signal, async (container) => {
      await container.start({ ...abortable(signal) }).catch(ignore(notModified))
    })(id)
    const info = await this.inspect(id, { signal })
    if (!info) throw new SandboxError('sandbox_not_found', `Docker does not know ${id}`)
    return { id: info.id, url: info.url, ports: info.ports, imageId: info.imageId }
  }

  async stop(id: string, { graceMs = defaultGraceMs, signal }: StopOptions = {}): Promise<void> {
    const t = Math.ceil(graceMs / 1000)
    await this.#ask(`stopping ${id}`, signal, async (container) => {
      await container.stop({ t, ...abortable(signal) }).catch(ignore(notModified))
    })(id)
  }

  async remove(id: string, { signal }: WaitOptions = {}): Promise<void> {
    const info = await this.inspect(id, { signal })
    const doing = `removing ${id}`
    try {
      if (info) await this.#engine.docker.getContainer(info.id).remove({ force: true, v: true, ...abortable(signal) })
    } catch (error) {
      // Gone, or on its way: another removal of the same container is under way.
      if (!isNotFound(error) && statusOf(error) !== 409)
        throw mapError(error, { otherwise: 'engine_unavailable', doing, signal })
      await this.#untilGone(info!.id, signal)
    }
    await this.#maker.forget(info?.name ?? id)
  }

  async inspect(id: string, { signal }: WaitOptions = {}): Promise<ContainerInfo | undefined> {
    try {
      const inspected = await this.#engine.docker.getContainer(id).inspect(abortable(signal))
      return containerInfo(inspected, this.#engine.advertisedHost)
    } catch (error) {
      if (isNotFound(error)) return undefined
      throw mapError(error, { otherwise: 'engine_unavailable', doing: `looking at ${id}`, signal })
    }
  }

  async *list(labels: Record<string, string>, { signal }: WaitOptions = {}): AsyncGenerator<ContainerInfo, void, void> {
    const label = Object.entries(labels).map(([name, value]) => `${name}=${value}`)
    const listed = await this.#engine.docker
      .listContainers({ all: true, filters: { label }, ...abortable(signal) })
      .catch((error: unknown) => {
        throw mapError(error, { otherwise: 'engine_unavailable', doing: 'listing containers', signal })
      })
    for (const { Id } of listed) {
      const info = await this.inspect(Id, { signal })
      if (!info) continue
      // A restarted server does not know yet which ports its containers hold.
      for (const port of info.ports) await this.#context.ports.holdPort(Number(port), info.name)
      yield info
    }
  }

  async ping({ signal }: WaitOptions = {}): Promise<void> {
    const limit = AbortSignal.timeout(pingLimitMs)
    const abortSignal = signal ? AbortSignal.any([signal, limit]) : limit
    try {
      // The types do not know that a ping takes options.
      await (this.#engine.docker.ping({ abortSignal } as never) as unknown as Promise<unknown>)
    } catch (error) {
      throw mapError(error, { otherwise: 'engine_unavailable', doing: 'a ping', signal })
    }
  }

  async resolveImage(image: string, options: WaitOptions = {}): Promise<string> {
    return this.#images.resolve(image, options)
  }

  watch(labels: Record<string, string>, { signal }: WaitOptions): AsyncGenerator<ContainerEvent, void, void> {
    const { docker } = this.#engine
    return watchContainers(labels, signal ?? new AbortController().signal, { ...this.#context, docker })
  }

  async logs(id: string, { lines = 50, signal }: WaitOptions & { lines?: number } = {}): Promise<string> {
    let text = ''
    await this.#ask(`reading the log of ${id}`, signal, async (container) => {
      const query = { stdout: true, stderr: true, tail: lines, follow: false, ...abortable(signal) }
      text = demuxLogs((await container.logs(query as never)) as unknown as Buffer)
    })(id)
    return text
  }

  async pause(id: string, { signal }: WaitOptions = {}): Promise<void> {
    await this.#ask(`pausing ${id}`, signal, (container) => container.pause({ ...abortable(signal) }))(id)
  }

  async resume(id: string, { signal }: WaitOptions = {}): Promise<void> {
    await this.#ask(`resuming ${id}`, signal, (container) => container.unpause({ ...abortable(signal) }))(id)
  }

  /** Containers outlive the server, and the client holds no connection open. */
  async close(): Promise<void> {}

  #ask(doing: string, signal: AbortSignal | undefined, work: (container: Docker.Container) => Promise<unknown>) {
    return async (id: string): Promise<void> => {
      try {
        await work(this.#engine.docker.getContainer(id))
      } catch (error) {
        const otherwise: ErrorCode = isNotFound(error) ? 'sandbox_not_found' : 'sandbox_start_failed'
        throw mapError(error, { otherwise, doing, signal })
      }
    }
  }

  async #untilGone(id: string, signal: AbortSignal | undefined): Promise<void> {
    const { docker } = this.#engine
    await docker
      .getContainer(id)
      .wait({ condition: 'removed', ...abortable(signal) })
      .catch((error: unknown) => {
        if (!isNotFound(error))
          throw mapError(error, { otherwise: 'engine_unavailable', doing: `removing ${id}`, signal })
      })
  }
}

function abortable(signal: AbortSignal | undefined): { abortSignal?: AbortSignal } {
  return signal ? { abortSignal: signal } : {}
}

function ignore(status: number): (error: unknown) => void {
  return (error) => {
    if (statusOf(error) !== status) throw error
  }
}
