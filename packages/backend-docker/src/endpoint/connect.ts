import http from 'node:http'
import https from 'node:https'
import Docker from 'dockerode'
import { SandboxError } from '@runtime-sandbox/core'
import type { Endpoint } from './endpoint.ts'

/** A client, and how to end its connections. */
export type Connection = { docker: Docker; disconnect: () => void }

/** What we change of the library's client, which its types do not tell. */
type Modem = { buildRequest(options: object, ...rest: unknown[]): void }

/**
 * A client of the engine at `endpoint`. Opens no connection yet.
 *
 * @throws SandboxError `invalid_argument` when the library cannot work with the address
 */
export function connect(endpoint: Endpoint, sshAgent: string | undefined): Connection {
  const agent = agentOf(endpoint)
  // Every member is named: the library fills in what is missing from the environment.
  const none = { host: undefined, port: undefined, socketPath: undefined, username: undefined, timeout: undefined }
  const noTls = { ca: undefined, cert: undefined, key: undefined }
  const options = { ...none, ...noTls, pathPrefix: '/', ...optionsOf(endpoint, sshAgent), agent }
  try {
    const docker = new Docker(options)
    refuseRedirects(docker.modem as unknown as Modem)
    return { docker, disconnect: () => agent?.destroy() }
  } catch (error) {
    // It reads the process's DOCKER_HOST and DOCKER_CERT_PATH all the same, and gives up on what it does not like there.
    throw new SandboxError(
      'invalid_argument',
      `DOCKER_HOST or DOCKER_CERT_PATH is wrong: ${(error as Error).message}`,
      {
        cause: error,
      },
    )
  }
}

/** The library follows a redirect without listening for errors there: one would end the process. */
function refuseRedirects(modem: Modem): void {
  const buildRequest = modem.buildRequest.bind(modem)
  modem.buildRequest = (options, ...rest) => buildRequest({ ...options, maxRedirects: 0 }, ...rest)
}

/** Over SSH the library makes its own. */
function agentOf(endpoint: Endpoint): http.Agent | undefined {
  if (endpoint.kind === 'ssh') return undefined
  return endpoint.kind === 'tcp' && endpoint.tls
    ? new https.Agent({ keepAlive: true })
    : new http.Agent({ keepAlive: true })
}

function optionsOf(endpoint: Endpoint, sshAgent: string | undefined): Record<string, unknown> {
  switch (endpoint.kind) {
    case 'unix':
      return { protocol: 'http', socketPath: endpoint.socketPath }
    case 'tcp': {
      const { host, port, tls } = endpoint
      return { protocol: tls ? 'https' : 'http', host, port, ...tls }
    }
    case 'ssh': {
      const { host, port, username } = endpoint
      return { protocol: 'ssh', host, port, username, sshOptions: { agent: sshAgent } }
    }
  }
}
