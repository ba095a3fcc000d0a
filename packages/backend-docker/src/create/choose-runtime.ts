import { SandboxError, type ContainerSpec } from '@runtime-sandbox/core'
import type { EngineFeatures } from './engine-features.ts'
import type { DockerRuntimeConfig } from './runtime-config.ts'

/** Runtimes that put a kernel of their own between a sandbox and the host, best first. */
const sandboxedRuntimes = ['runsc', 'kata', 'kata-runtime', 'io.containerd.kata.v2']

export type ChooseRuntimeOptions = {
  config: DockerRuntimeConfig
  features: EngineFeatures
  /** Runtime of every sandbox of this backend. */
  runtime: string | undefined
}

/**
 * The engine's runtime for a sandbox; undefined = its default.
 *
 * @throws SandboxError `not_supported` when the engine does not have it, or it is less than what was promised
 */
export function chooseRuntime(
  spec: ContainerSpec,
  { config, features, runtime }: ChooseRuntimeOptions,
): string | undefined {
  if (runtime !== undefined && config.runtime !== undefined && config.runtime !== runtime)
    throw refusal(`runtime ${config.runtime} was asked for, and every sandbox of this server runs with ${runtime}`)
  const sandboxed = spec.security.sandboxedRuntime
    ? sandboxedRuntimes.find((name) => features.runtimes.has(name))
    : undefined
  const chosen = runtime ?? config.runtime ?? sandboxed
  if (chosen === undefined) return undefined
  if (!features.runtimes.has(chosen)) throw refusal(`this Docker engine has no runtime named ${chosen}`)
  if (sandboxed !== undefined && !sandboxedRuntimes.includes(chosen))
    throw refusal(`level ${spec.security.level} runs with ${sandboxed} on this engine, not with ${chosen}`)
  return chosen
}

function refusal(message: string): SandboxError {
  return new SandboxError('not_supported', message)
}
