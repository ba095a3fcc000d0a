import type Docker from 'dockerode'
import { SandboxError, type Container, type ContainerSpec, type PortLeases } from '@runtime-sandbox/core'
import { urlOf } from '../container-info.ts'
import type { DockerEngine } from '../docker-backend.ts'
import type { DockerBackendOptions } from '../docker-options.ts'
import type { Images } from '../images.ts'
import { isNotFound, isPortTaken, mapError } from '../map-error.ts'
import { checkMounts } from './check-mounts.ts'
import { chooseRuntime, containerOptions, type Reach } from './container-options.ts'
import { readEngineFeatures, type EngineFeatures } from './engine-features.ts'
import { networkWay, type NetworkWay } from './network-way.ts'
import { parseRuntimeConfig, type DockerRuntimeConfig } from './runtime-config.ts'
import type { SocketDirectories } from './socket-directories.ts'

export type ContainerMakerParts = {
  engine: DockerEngine
  options: DockerBackendOptions
  ports: PortLeases
  images: Images
  sockets: SocketDirectories
}

/** A sandbox whose every demand has been checked. */
type Plan = {
  spec: ContainerSpec
  config: DockerRuntimeConfig
  features: EngineFeatures
  runtime: string | undefined
  way: NetworkWay
  imageId: string
}

/** Makes containers. What fails leaves no container, no port and no directory. */
export class ContainerMaker {
  readonly #parts: ContainerMakerParts
  #features: Promise<EngineFeatures> | undefined

  constructor(parts: ContainerMakerParts) {
    this.#parts = parts
  }

  async make(spec: ContainerSpec, signal: AbortSignal | undefined): Promise<Container> {
    try {
      const plan = await this.#check(spec, signal)
      signal?.throwIfAborted()
      return plan.way.kind === 'socket' ? await this.#withSocket(plan, signal) : await this.#withPort(plan, signal)
    } catch (error) {
      throw mapError(error, { otherwise: 'sandbox_start_failed', doing: `to make ${spec.name}`, signal })
    }
  }

  /** Gives back what a removed container held besides itself. Idempotent. */
  async forget(name: string): Promise<void> {
    await Promise.all([this.#parts.ports.freePorts(name), this.#parts.sockets.remove(name)])
  }

  async #check(spec: ContainerSpec, signal: AbortSignal | undefined): Promise<Plan> {
    const { engine, options, images } = this.#parts
    const config = parseRuntimeConfig(spec.runtimeConfig, spec.security.level)
    await checkMounts(spec.mounts, engine)
    const features = await this.#readFeatures()
    const runtime = chooseRuntime(spec, config, { features, runtime: options.runtime })
    const way = networkWay(spec, {
      config,
      features,
      runtime,
      network: options.network,
      onThisMachine: engine.onThisMachine,
    })
    // Limits that the engine cannot hold are refused before anything is made.
    containerOptions(spec, config, { features, runtime, reach: { kind: 'socket', directory: '' } })
    const imageId = await images.resolve(spec.image, { signal })
    return { spec, config, features, runtime, way, imageId }
  }

  async #withSocket(plan: Plan, signal: AbortSignal | undefined): Promise<Container> {
    const { sockets } = this.#parts
    const { name } = plan.spec
    await this.#refuseTakenName(name)
    const directory = await sockets.make(name)
    try {
      const id = await this.#run(plan, { kind: 'socket', directory }, signal)
      return { id, url: `unix:${sockets.socketOf(name)}`, ports: [], imageId: plan.imageId }
    } catch (error) {
      if (!SandboxError.is(error, 'conflict')) await sockets.remove(name)
      throw error
    }
  }

  async #withPort(plan: Plan, signal: AbortSignal | undefined): Promise<Container> {
    const { engine, options, ports } = this.#parts
    const { bindHost, portRange } = options
    const network = plan.way.kind === 'port' ? plan.way.network : undefined
    const taken = new Set<number>()
    // The port is held by this attempt alone until the name is known to be ours.
    const attempt = `${plan.spec.name}#${crypto.randomUUID()}`
    try {
      for (;;) {
        const hostPort = await ports.leasePort(portRange, attempt, taken)
        if (hostPort === undefined)
          throw new SandboxError('no_free_port', `no free port in PORT_RANGE [${portRange.join(',')}]`)
        try {
          const id = await this.#run(plan, { kind: 'port', hostPort, bindHost, network }, signal)
          await ports.freePorts(attempt)
          await ports.holdPort(hostPort, plan.spec.name)
          return { id, url: urlOf(engine.advertisedHost, hostPort), ports: [hostPort], imageId: plan.imageId }
        } catch (error) {
          if (!isPortTaken(error)) throw error
          // Somebody else on the machine listens there.
          taken.add(hostPort)
          await ports.freePorts(attempt)
        }
      }
    } finally {
      await ports.freePorts(attempt)
    }
  }

  /** Creates and starts. When starting fails, or the caller gives up meanwhile, the container is removed again. */
  async #run(plan: Plan, reach: Reach, signal: AbortSignal | undefined): Promise<string> {
    const { docker } = this.#parts.engine
    const { spec, config, features, runtime } = plan
    const request = containerOptions({ ...spec, image: plan.imageId }, config, { features, runtime, reach })
    // Not abortable: whether a given-up request made a container could not be known.
    const container = await docker.createContainer({ ...request, Image: spec.image }).catch((error: unknown) => {
      const otherwise = isNotFound(error) ? 'image_unavailable' : 'sandbox_start_failed'
      throw mapError(error, { otherwise, doing: `to make ${spec.name}` })
    })
    try {
      signal?.throwIfAborted()
      await container.start()
      signal?.throwIfAborted()
      return container.id
    } catch (error) {
      await removeQuietly(container)
      throw error
    }
  }

  async #refuseTakenName(name: string): Promise<void> {
    const taken = await this.#parts.engine.docker
      .getContainer(name)
      .inspect()
      .then(
        () => true,
        (error: unknown) => {
          if (isNotFound(error)) return false
          throw error
        },
      )
    if (taken) throw new SandboxError('conflict', `there is a container named ${name} already`)
  }

  async #readFeatures(): Promise<EngineFeatures> {
    this.#features ??= readEngineFeatures(this.#parts.engine.docker)
    return this.#features.catch((error: unknown) => {
      this.#features = undefined
      throw error
    })
  }
}

async function removeQuietly(container: Docker.Container): Promise<void> {
  await container.remove({ force: true, v: true }).catch((error: unknown) => {
    if (!isNotFound(error)) throw error
  })
}
