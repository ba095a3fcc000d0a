/** How sandboxes are made on a Docker engine. */
export type DockerBackendOptions = {
  /** Variables that say where the engine is, as the Docker CLI reads them. */
  endpoint: {
    DOCKER_HOST?: string | undefined
    DOCKER_CONTEXT?: string | undefined
    DOCKER_TLS_VERIFY?: string | undefined
    DOCKER_CERT_PATH?: string | undefined
    DOCKER_CONFIG?: string | undefined
    XDG_RUNTIME_DIR?: string | undefined
    HOME?: string | undefined
    SSH_AUTH_SOCK?: string | undefined
  }
  /** Name that the backend goes by. */
  name?: string
  /** Host ports for sandboxes: the first, and the one after the last. */
  portRange: readonly [from: number, to: number]
  /** Address of the engine's machine on which the ports are published. */
  bindHost: string
  /** Host that the server dials; default: as the endpoint tells. */
  advertisedHost?: string | undefined
  /** Network of the sandboxes; default: the engine's own bridge. */
  network?: string | undefined
  /** Parent of the socket directories of sandboxes without network. */
  socketDirectory: string
  /** When an image is pulled. */
  pull: 'missing' | 'always' | 'never'
  /** Runtime of every sandbox, e.g. `runsc`. */
  runtime?: string | undefined
}
