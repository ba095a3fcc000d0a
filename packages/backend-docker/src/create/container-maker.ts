import type Docker from 'dockerode'
import {
  SandboxError,
  type Clock,
  type Container,
  type ContainerSpec,
  type Logger,
  type PortLeases,
} from '@runtime-sandbox/core'
import { urlOf } from '../container-info.ts'
import { isContainerReference } from '../container-reference.ts'
import type { DockerEngine } from '../docker-engine.ts'
import type { DockerBackendOptions } from '../docker-options.ts'
import type { Images } from '../images.ts'
import { isImageMissing, isNotFound, isPortTaken, isUnanswered, mapError, statusOf } from '../map-error.ts'
import { limited, requestLimits } from '../request-limits.ts'
import { containerOptions, type Reach } from './container-options.ts'
import { ContainerPlanner, type ContainerPlan } from './container-plan.ts'
import { isPortInUse } from './port-probe.ts'
import type { SocketDirectories } from './socket-directories.ts'

export type ContainerMakerParts = {
  engine: DockerEngine
  options: DockerBackendOptions
  ports: PortLeases
  images: Images
  sockets: SocketDirectories
  logger: Logger
  clock: Clock
}

/** So many ports the engine may refuse for one sandbox; each costs it a container. */
const mostPortRefusals = 20

/** Makes containers. What fails leaves no container, no port and no directory. */
export class ContainerMaker {
  readonly #parts: ContainerMakerParts
  readonly #planner: ContainerPlanner
  /** Names that are being made here: what is held for a name is held by one attempt alone. */
  readonly #making = new Set<string>()

  constructor(parts: ContainerMakerParts) {
    this.#parts = parts
    this.#planner = new ContainerPlanner({ ...parts, reserved: [parts.sockets.parent] })
  }

  async make(spec: ContainerSpec, signal: AbortSignal | undefined): Promise<Container> {
    const { name } = spec
    if (!isContainerReference(name))
      throw new SandboxError('invalid_argument', `${JSON.stringify(name)} cannot be the name of a container`)
    if (this.#making.has(name)) throw taken(name)
    this.#making.add(name)
    try {
      const plan = await this.#planner.plan(spec, signal)
      await this.#refuseTakenName(name, signal)
      signal?.throwIfAborted()
      return plan.way.kind === 'socket'
        ? await this.#withSocket(plan, signal)
        : await this.#withPort(plan, plan.way.network, signal)
    } catch (error) {
      throw mapError(error, { otherwise: 'sandbox_start_failed', doing: `to make ${name}`, signal })
    } finally {
      this.#making.delete(name)
    }
  }

  /** Gives back what a removed container held besides itself. Idempotent. */
  async forget(name: string): Promise<void> {
    await this.#parts.ports.freePorts(name)
    await this.#parts.sockets.remove(name)
  }

  async #withSocket(plan: ContainerPlan, signal: AbortSignal | undefined): Promise<Container> {
    const { sockets } = this.#parts
    const { name } = plan.spec
    try {
      const id = await this.#run(plan, { kind: 'socket', directory: await sockets.make(name) }, signal)
      return { id, url: `unix:${sockets.socketOf(name)}`, ports: [], imageId: plan.imageId }
    } catch (error) {
      // Then another server has just taken the name, and with it the directory.
      if (!SandboxError.is(error, 'conflict')) await sockets.remove(name)
      throw error
    }
  }

  async #withPort(
    plan: ContainerPlan,
    network: string | undefined,
    signal: AbortSignal | undefined,
  ): Promise<Container> {
    const { engine, ports, options } = this.#parts
    const { bindHost } = options
    const tried = new Set<number>()
    let refusals = 0
    try {
      for (;;) {
        signal?.throwIfAborted()
        const hostPort = await this.#leasePort(plan.spec.name, tried)
        try {
          const id = await this.#run(plan, { kind: 'port', hostPort, bindHost, network }, signal)
          return { id, url: urlOf(engine.advertisedHost, hostPort), ports: [hostPort], imageId: plan.imageId }
        } catch (error) {
          if (!isPortTaken(error)) throw error
          refusals += 1
          if (refusals === mostPortRefusals)
            throw new SandboxError('no_free_port', `the Docker engine refused ${refusals} ports`, { cause: error })
          await ports.freePorts(plan.spec.name)
        }
      }
    } catch (error) {
      await ports.freePorts(plan.spec.name)
      throw error
    }
  }

  /** A port of the range on which nobody is known to listen. @throws SandboxError `no_free_port` */
  async #leasePort(owner: string, tried: Set<number>): Promise<number> {
    const { engine, ports, options } = this.#parts
    const { bindHost, portRange } = options
    for (;;) {
      const port = await ports.leasePort(portRange, owner, tried)
      if (port === undefined)
        throw new SandboxError('no_free_port', `no free port in PORT_RANGE [${portRange.join(',')}]`)
      tried.add(port)
      if (!engine.onThisMachine || !(await isPortInUse(bindHost, port))) return port
      await ports.freePorts(owner)
    }
  }

  /** Creates and starts. When starting fails, or the caller gives up meanwhile, the container is removed again. */
  async #run(plan: ContainerPlan, reach: Reach, signal: AbortSignal | undefined): Promise<string> {
    const { name } = plan.spec
    const container = await this.#create(plan, reach)
    try {
      if (reach.kind === 'socket') await this.#parts.sockets.assign(name, container.id)
      signal?.throwIfAborted()
      await container.start(limited(undefined, requestLimits.change))
      signal?.throwIfAborted()
      return container.id
    } catch (error) {
      await this.#drop(container, name)
      throw error
    }
  }

  /** The caller's signal does not end it: whether a request that was given up made a container could not be known. */
  async #create(plan: ContainerPlan, reach: Reach): Promise<Docker.Container> {
    const { docker } = this.#parts.engine
    const { name } = plan.spec
    const request = { ...containerOptions(plan, reach), ...limited(undefined, requestLimits.change) }
    try {
      return await docker.createContainer(request)
    } catch (error) {
      if (isUnanswered(error)) await this.#drop(docker.getContainer(name), name)
      const otherwise = isImageMissing(error) ? 'image_unavailable' : 'sandbox_start_failed'
      throw mapError(error, { otherwise, doing: `to make ${name}` })
    }
  }

  /** Why the container is dropped is what the caller must know; a container that stays is found by the next listing. */
  async #drop(container: Docker.Container, name: string): Promise<void> {
    const request = { force: true, v: true, ...limited(undefined, requestLimits.change) }
    await container.remove(request).catch((error: unknown) => {
      if (isNotFound(error) || statusOf(error) === 409) return
      this.#parts.logger.warn({ event: 'docker.leftover', err: error, name }, 'a container could not be removed')
    })
  }

  async #refuseTakenName(name: string, signal: AbortSignal | undefined): Promise<void> {
    try {
      await this.#parts.engine.docker.getContainer(name).inspect(limited(signal, requestLimits.look))
    } catch (error) {
      if (isNotFound(error)) return
      throw error
    }
    throw taken(name)
  }
}

function taken(name: string): SandboxError {
  return new SandboxError('conflict', `there is a container named ${name} already`)
}
