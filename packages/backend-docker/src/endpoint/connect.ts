import Docker from 'dockerode'
import type { Endpoint } from './endpoint.ts'

/** A client of the engine at `endpoint`. Opens no connection yet. */
export function connect(endpoint: Endpoint, sshAgent: string | undefined): Docker {
  // Every member is named: the library fills in what is missing from the environment.
  const none = {
    host: undefined,
    port: undefined,
    socketPath: undefined,
    ca: undefined,
    cert: undefined,
    key: undefined,
  }
  return new Docker({ ...none, pathPrefix: '/', ...optionsOf(endpoint, sshAgent) } as Docker.DockerOptions)
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
