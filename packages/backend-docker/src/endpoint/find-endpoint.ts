import { constants } from 'node:fs'
import { access, stat } from 'node:fs/promises'
import path from 'node:path'
import { SandboxError } from '@runtime-sandbox/core'
import { contextEndpoint, currentContext, readTls } from './docker-context.ts'
import type { FoundEndpoint, TlsMaterial } from './endpoint.ts'
import { defaultSocketPath, parseDockerHost } from './parse-docker-host.ts'

/** What the search reads; the names are those of the environment. */
export type EndpointSettings = {
  DOCKER_HOST?: string | undefined
  DOCKER_CONTEXT?: string | undefined
  /** Any value, as with the Docker CLI. */
  DOCKER_TLS_VERIFY?: string | undefined
  DOCKER_CERT_PATH?: string | undefined
  DOCKER_CONFIG?: string | undefined
  XDG_RUNTIME_DIR?: string | undefined
  HOME?: string | undefined
}

/** A place where engines with Docker's API listen; `path` is undefined when it does not exist for this user. */
type KnownSocket = { source: string; path: string | undefined }

/**
 * Finds the engine as the Docker CLI does, and behind that where other engines with its API listen. What a setting names is never
 * second-guessed, even when nothing answers there.
 *
 * @param sockets where to look when nothing is set; the first that may be used is taken
 * @throws SandboxError `invalid_argument` for a wrong setting, `engine_unavailable` when there is nothing to try
 */
export async function findEndpoint(
  settings: EndpointSettings,
  sockets: readonly KnownSocket[] = knownSockets(settings),
): Promise<FoundEndpoint> {
  const named = (await fromHost(settings)) ?? (await fromContext(settings))
  if (named) return named
  const closed: string[] = []
  for (const { source, path: socketPath } of sockets) {
    const way = socketPath === undefined ? 'none' : await lookAt(socketPath)
    if (way === 'open') return { endpoint: { kind: 'unix', socketPath: socketPath! }, source }
    if (way === 'closed') closed.push(socketPath!)
  }
  const but = closed.length > 0 ? `; this user may not use ${closed.join(', ')}` : ''
  throw new SandboxError(
    'engine_unavailable',
    `no Docker engine: no DOCKER_HOST or Docker context is set, and there is no usable socket of Docker or Podman${but}`,
  )
}

/** Where engines listen, the Docker CLI's own default first. */
export function knownSockets(settings: EndpointSettings): KnownSocket[] {
  const { XDG_RUNTIME_DIR: runtimeDirectory, HOME: home } = settings
  return [
    { source: 'the default socket', path: defaultSocketPath },
    { source: 'the socket of rootless Docker', path: below(runtimeDirectory, 'docker.sock') },
    { source: "the socket in the user's home", path: below(home, '.docker/run/docker.sock') },
    { source: 'the socket of rootless Podman', path: below(runtimeDirectory, 'podman/podman.sock') },
    { source: 'the socket of Podman', path: '/run/podman/podman.sock' },
  ]
}

async function fromHost(settings: EndpointSettings): Promise<FoundEndpoint | undefined> {
  if (!settings.DOCKER_HOST) return undefined
  const tls = settings.DOCKER_TLS_VERIFY ? await tlsOf(settings) : undefined
  return { endpoint: parseDockerHost(settings.DOCKER_HOST, tls), source: 'DOCKER_HOST' }
}

async function tlsOf(settings: EndpointSettings): Promise<TlsMaterial> {
  const directory = settings.DOCKER_CERT_PATH ?? configOf(settings)
  const tls = directory === undefined ? undefined : await readTls(directory)
  if (tls) return tls
  if (settings.DOCKER_CERT_PATH === undefined) return {}
  throw new SandboxError(
    'invalid_argument',
    `DOCKER_CERT_PATH: there is no ca.pem, cert.pem or key.pem that can be read in ${settings.DOCKER_CERT_PATH}`,
  )
}

async function fromContext(settings: EndpointSettings): Promise<FoundEndpoint | undefined> {
  const directory = configOf(settings)
  const name = settings.DOCKER_CONTEXT ?? (directory && (await currentContext(directory)))
  if (!name || name === 'default') return undefined
  if (directory === undefined) {
    throw new SandboxError('invalid_argument', `DOCKER_CONTEXT is ${name}, and neither HOME nor DOCKER_CONFIG is set`)
  }
  return { endpoint: await contextEndpoint(directory, name), source: `Docker context ${name}` }
}

function configOf({ DOCKER_CONFIG, HOME }: EndpointSettings): string | undefined {
  return DOCKER_CONFIG ?? below(HOME, '.docker')
}

function below(directory: string | undefined, name: string): string | undefined {
  return directory ? path.join(directory, name) : undefined
}

async function lookAt(socketPath: string): Promise<'open' | 'closed' | 'none'> {
  const found = await stat(socketPath).catch((error: NodeJS.ErrnoException) => error.code ?? '')
  if (typeof found === 'string') return found === 'EACCES' ? 'closed' : 'none'
  if (!found.isSocket()) return 'none'
  return access(socketPath, constants.R_OK | constants.W_OK).then(
    () => 'open',
    () => 'closed',
  )
}
