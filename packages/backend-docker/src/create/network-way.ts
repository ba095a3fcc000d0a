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

/**
 * @throws SandboxError `not_supported` when the networks asked for contradict each other, or the sandbox must have none and could
 *   not be reached without
 */
export function networkWay(spec: ContainerSpec, options: NetworkWayOptions): NetworkWay {
  const { config } = options
  const { network: demand } = spec.security
  const network = config.network ?? options.network
  if (network !== undefined && isSharedNetwork(network))
    throw refusal(`network ${network} is not a sandbox's own, and no port of it could be published`)
  if (demand === 'none' && config.network !== undefined && config.network !== 'none')
    throw refusal(`sandbox type ${spec.sandboxType} names network ${config.network}, and it is to have none`)
  if (demand === 'required' && network === 'none')
    throw refusal(`sandbox type ${spec.sandboxType} needs a network, and the network is set to none`)
  if (demand !== 'none' && network !== 'none') return { kind: 'port', network }
  refuseUnreachable(options)
  return { kind: 'socket' }
}

/** Whether a network is the host's own, or that of another container. */
export function isSharedNetwork(name: string): boolean {
  return name === 'host' || /^(container|ns):/.test(name)
}

/** A socket in a shared directory must be one for the host's kernel as well. */
function refuseUnreachable({ features, runtime, onThisMachine }: NetworkWayOptions): void {
  if (!onThisMachine)
    throw refusal('a sandbox without network is reached over a Unix socket, so its engine must be on this machine')
  const running = runtime ?? features.defaultRuntime
  if (/kata/.test(running))
    throw refusal(`a sandbox without network cannot be reached in a virtual machine of ${running}; ask for a network`)
  const flags = (features.runtimes.get(running) ?? []).join(' ')
  if (/runsc/.test(running) && !/(^|\s)--?host-uds[= ](all|create)(\s|$)/.test(flags))
    throw refusal(`a sandbox without network needs the runtime ${running} to be installed with --host-uds=create`)
}

function refusal(message: string): SandboxError {
  return new SandboxError('not_supported', message)
}
