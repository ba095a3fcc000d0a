import type { EndpointSettings } from './endpoint/find-endpoint.ts'

/** How sandboxes are made on a Docker engine. */
export type DockerBackendOptions = {
  /** Variables that say where the engine is, as the Docker CLI reads them. */
  endpoint: EndpointSettings & {
    /** Agent for `ssh://` engines. */
    SSH_AUTH_SOCK?: string | undefined
  }
  /** Name that the backend goes by. */
  name?: string
  /** Host ports for sandboxes: the first, and the one after the last. */
  portRange: readonly [from: number, to: number]
  /** IP address of the engine's machine on which the ports are published. */
  bindHost: string
  /** Host that the server dials; default: as the endpoint tells. */
  advertisedHost?: string | undefined
  /** Network of the sandboxes; default: the engine's own bridge. */
  network?: string | undefined
  /** Parent of the socket directories of sandboxes without network. */
  socketDirectory: string
  /** When an image is pulled: only a missing one, before each creation, or never. */
  pull: 'missing' | 'always' | 'never'
  /** Runtime of every sandbox, e.g. `runsc`. */
  runtime?: string | undefined
}
