import { access } from 'node:fs/promises'
import path from 'node:path'
import { SandboxError } from '@runtime-sandbox/core'
import { contextEndpoint, currentContext, readTls } from './docker-context.ts'
import type { FoundEndpoint } from './endpoint.ts'
import { parseDockerHost } from './parse-docker-host.ts'

/** What the search reads; the names are those of the environment. */
export type EndpointSettings = {
  DOCKER_HOST?: string | undefined
  DOCKER_CONTEXT?: string | undefined
  DOCKER_TLS_VERIFY?: string | undefined
  DOCKER_CERT_PATH?: string | undefined
  DOCKER_CONFIG?: string | undefined
  XDG_RUNTIME_DIR?: string | undefined
  HOME?: string | undefined
}

type Strategy = (settings: EndpointSettings) => Promise<FoundEndpoint | undefined>

const homeOf = ({ HOME }: EndpointSettings) => HOME ?? '/root'
const configOf = (settings: EndpointSettings) => settings.DOCKER_CONFIG ?? path.join(homeOf(settings), '.docker')

const fromHost: Strategy = async (settings) => {
  if (!settings.DOCKER_HOST) return undefined
  const wantsTls = Boolean(settings.DOCKER_TLS_VERIFY)
  const tls = wantsTls ? ((await readTls(settings.DOCKER_CERT_PATH ?? configOf(settings))) ?? {}) : undefined
  return { endpoint: parseDockerHost(settings.DOCKER_HOST, tls), source: 'DOCKER_HOST' }
}

const fromContext: Strategy = async (settings) => {
  const name = settings.DOCKER_CONTEXT ?? (await currentContext(configOf(settings)))
  if (!name || name === 'default') return undefined
  return { endpoint: await contextEndpoint(configOf(settings), name), source: `Docker context ${name}` }
}

const fromSocket =
  (source: string, locate: (settings: EndpointSettings) => string | undefined): Strategy =>
  async (settings) => {
    const socketPath = locate(settings)
    if (!socketPath || !(await exists(socketPath))) return undefined
    return { endpoint: { kind: 'unix', socketPath }, source }
  }

const inRuntimeDirectory = (name: string) => (settings: EndpointSettings) =>
  settings.XDG_RUNTIME_DIR && path.join(settings.XDG_RUNTIME_DIR, name)

/** In the order of the Docker CLI, and behind it the places where other engines with its API listen. The first that applies wins. */
const strategies: readonly Strategy[] = [
  fromHost,
  fromContext,
  fromSocket('the default socket', () => '/var/run/docker.sock'),
  fromSocket('the socket of rootless Docker', inRuntimeDirectory('docker.sock')),
  fromSocket("the socket in the user's home", (settings) =>
    path.join(homeOf(settings), '.docker', 'run', 'docker.sock'),
  ),
  fromSocket('the socket of rootless Podman', inRuntimeDirectory('podman/podman.sock')),
  fromSocket('the socket of Podman', () => '/run/podman/podman.sock'),
]

/**
 * Finds the engine. What a setting names is never second-guessed, even when nothing answers there.
 *
 * @throws SandboxError `invalid_argument` for a wrong setting, `engine_unavailable` when there is nothing to try
 */
export async function findEndpoint(settings: EndpointSettings): Promise<FoundEndpoint> {
  for (const strategy of strategies) {
    const found = await strategy(settings)
    if (found) return found
  }
  throw new SandboxError(
    'engine_unavailable',
    'no Docker engine: no DOCKER_HOST or Docker context is set, and there is no socket of Docker or Podman on this machine',
  )
}

async function exists(file: string): Promise<boolean> {
  return access(file).then(
    () => true,
    () => false,
  )
}
