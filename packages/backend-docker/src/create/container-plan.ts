import type { Clock, ContainerSpec } from '@runtime-sandbox/core'
import type { DockerEngine } from '../docker-engine.ts'
import type { DockerBackendOptions } from '../docker-options.ts'
import type { Images } from '../images.ts'
import { checkMounts } from './check-mounts.ts'
import { chooseRuntime } from './choose-runtime.ts'
import { readEngineFeatures, type EngineFeatures } from './engine-features.ts'
import { dockerLimits, type DockerLimits } from './limits.ts'
import { networkWay, type NetworkWay } from './network-way.ts'
import { parseRuntimeConfig, type DockerRuntimeConfig } from './runtime-config.ts'

/** A sandbox whose every demand has been checked. */
export type ContainerPlan = {
  spec: ContainerSpec
  config: DockerRuntimeConfig
  limits: DockerLimits
  /** undefined = the engine's default. */
  runtime: string | undefined
  way: NetworkWay
  imageId: string
}

export type ContainerPlannerParts = {
  engine: DockerEngine
  options: DockerBackendOptions
  images: Images
  clock: Clock
  /** The server's own directories, which no sandbox may have. */
  reserved: readonly string[]
}

/** An engine may be restarted with other abilities. */
const featuresKeptMs = 60_000

/** Judges what is asked of the engine before anything is made. */
export class ContainerPlanner {
  readonly #parts: ContainerPlannerParts
  #known: { features: Promise<EngineFeatures>; at: number } | undefined

  constructor(parts: ContainerPlannerParts) {
    this.#parts = parts
  }

  /** @throws SandboxError `not_supported`, `mount_refused`, `image_unavailable` */
  async plan(spec: ContainerSpec, signal: AbortSignal | undefined): Promise<ContainerPlan> {
    const { engine, options, images, reserved } = this.#parts
    const { onThisMachine, socketPath } = engine
    const config = parseRuntimeConfig(spec.runtimeConfig, spec.security.level)
    const features = await this.#features()
    const engineOwn = [socketPath, features.dataRoot].filter((file) => file !== undefined && file !== '') as string[]
    await checkMounts(spec.mounts, { onThisMachine, reserved: [...reserved, ...engineOwn] })
    const runtime = chooseRuntime(spec, { config, features, runtime: options.runtime })
    const way = networkWay(spec, { config, features, runtime, network: options.network, onThisMachine })
    const limits = dockerLimits(spec, config, features)
    const imageId = await images.resolve(spec.image, { signal })
    return { spec, config, limits, runtime, way, imageId }
  }

  /** Asked for by all at once; so no caller's signal ends it. */
  async #features(): Promise<EngineFeatures> {
    const { engine, clock } = this.#parts
    if (this.#known === undefined || clock.now() - this.#known.at > featuresKeptMs) {
      this.#known = { features: readEngineFeatures(engine.docker), at: clock.now() }
    }
    const known = this.#known
    return known.features.catch((error: unknown) => {
      if (this.#known === known) this.#known = undefined
      throw error
    })
  }
}
