import type Docker from 'dockerode'

/** An engine, and how what runs on it is reached. */
export type DockerEngine = {
  docker: Docker
  /** Path of the engine's own socket; undefined when it is spoken to otherwise. */
  socketPath: string | undefined
  /** Whether the engine sees this machine's files and ports. */
  onThisMachine: boolean
  /** Host that the server dials for published ports. */
  advertisedHost: string
  /** Ends all connections to the engine. */
  disconnect: () => void
}
