import { SandboxError, type ContainerSpec } from '@runtime-sandbox/core'
import type { EngineFeatures } from './engine-features.ts'
import type { DockerRuntimeConfig } from './runtime-config.ts'

/** How the server reaches a sandbox: a published port, or a socket when the sandbox is to have no network. */
export type NetworkWay = { kind: 'port'; network: string | undefined } | { kind: 'socket' }

export type NetworkWayOptions = {
  config: DockerRuntimeConfig
  features: EngineFeatures
  /** DOCKER_NETWORK. */
  network: string | undefined
  /** Runtime that will run the container; undefined = the engine's default. */
  runtime: string | undefined
  onThisMachine: boolean
}

/** @throws SandboxError `not_supported` when the sandbox must have no network and could not be reached without */
export function networkWay(spec: ContainerSpec, options: NetworkWayOptions): NetworkWay {
  const { config, features, runtime, onThisMachine } = options
  const network = config.network ?? options.network
  const none = spec.security.network === 'none' || (network === 'none' && spec.security.network === 'default')
  if (spec.security.network === 'required' && network === 'none') {
    throw refusal(`sandbox type ${spec.sandboxType} needs a network, and the network is set to none`)
  }
  if (!none) return { kind: 'port', network }
  if (!onThisMachine)
    throw refusal('a sandbox without network is reached over a Unix socket, so its engine must be on this machine')
  const runtimeArguments = runtime === undefined ? [] : (features.runtimes.get(runtime) ?? [])
  const gvisor = runtime === 'runsc' && !runtimeArguments.some((argument) => /^-*host-uds=(all|create)$/.test(argument))
  if (gvisor) throw refusal('a sandbox without network needs runsc to be installed with --host-uds=create')
  return { kind: 'socket' }
}

function refusal(message: string): SandboxError {
  return new SandboxError('not_supported', message)
}
