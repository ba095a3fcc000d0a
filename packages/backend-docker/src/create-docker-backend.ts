import { SandboxError, type BackendContext, type ContainerBackend } from '@runtime-sandbox/core'
import { DockerBackend } from './docker-backend.ts'
import type { DockerBackendOptions } from './docker-options.ts'
import { connect } from './endpoint/connect.ts'
import { isLoopback, isOnThisMachine, showEndpoint, type Endpoint } from './endpoint/endpoint.ts'
import { findEndpoint } from './endpoint/find-endpoint.ts'

/**
 * A backend on the engine that the options name, or that is found as the Docker CLI finds it. Does not wait for the engine to
 * answer; `ping` does.
 *
 * @throws SandboxError `invalid_argument` for a wrong address or context, `engine_unavailable` when there is nothing to try
 */
export async function createDockerBackend(
  options: DockerBackendOptions,
  context: BackendContext,
): Promise<ContainerBackend> {
  const { endpoint, source } = await findEndpoint(options.endpoint)
  const onThisMachine = isOnThisMachine(endpoint)
  if (!onThisMachine && isLoopback(options.bindHost)) {
    throw new SandboxError(
      'invalid_argument',
      `the Docker engine at ${showEndpoint(endpoint)} is on another machine, where sandboxes would be published on ${options.bindHost} alone: ` +
        'set DOCKER_BIND_HOST to an address of that machine which this one reaches',
    )
  }
  const name = options.name ?? 'docker'
  context.logger.info(
    { event: 'docker.endpoint', engine: name, endpoint: showEndpoint(endpoint), source },
    'Docker engine',
  )
  const engine = {
    ...connect(endpoint, options.endpoint.SSH_AUTH_SOCK),
    socketPath: endpoint.kind === 'unix' ? endpoint.socketPath : undefined,
    onThisMachine,
    advertisedHost: options.advertisedHost ?? dialHost(endpoint, options.bindHost),
  }
  return new DockerBackend(engine, options, context)
}

/** Where a port that is published on `bindHost` is reached from here. */
export function dialHost(endpoint: Endpoint, bindHost: string): string {
  if (endpoint.kind !== 'unix' && !isOnThisMachine(endpoint)) return endpoint.host
  if (bindHost === '::') return '::1'
  return bindHost === '0.0.0.0' ? '127.0.0.1' : bindHost
}
