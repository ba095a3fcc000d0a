import type { ResourceLimits } from './resource-limits.ts'
import type { SecurityProfile } from './security-profile.ts'

/** A host directory inside a sandbox. */
export type Mount = {
  /** Absolute host path. */
  source: string
  /** Absolute path in the sandbox. */
  target: string
  readOnly: boolean
}

/** Everything an engine needs to make one sandbox. */
export type ContainerSpec = {
  /** Unique within the deployment; also the engine's name of the resource. */
  name: string
  sandboxType: string
  image: string
  labels: Record<string, string>
  /** Contains SECRET_TOKEN. */
  environment: Record<string, string>
  mounts: readonly Mount[]
  limits: ResourceLimits
  security: SecurityProfile
  /** Port on which the runtime listens inside. */
  port: number
  /** Engine-specific keys of the sandbox type; the engine refuses those that it does not know. */
  runtimeConfig: Record<string, unknown>
}

/** A running sandbox as the engine made it. */
export type Container = {
  /** The engine's id. */
  id: string
  /** `http(s)://host:port[/path]` or `unix:/path/of/socket`, dialled by the server. */
  url: string
  /** See SandboxRecord.ports. */
  ports: readonly (number | string)[]
  /** Immutable id of the image that runs, where the engine has one. */
  imageId: string | null
}

export type ContainerStatus = 'created' | 'running' | 'paused' | 'exited' | 'unknown'

/** What the engine says of a resource now. */
export type ContainerInfo = Container & {
  name: string
  labels: Record<string, string>
  /** As the sandbox was created with; the source of the token when a sandbox is adopted. Empty where the engine does not tell. */
  environment: Record<string, string>
  status: ContainerStatus
  /** Milliseconds since the epoch. */
  createdAt: number
  /** Host directory mounted at the workspace, if any. */
  mounts: readonly Mount[]
}

/** Something that happened to a container without our asking. */
export type ContainerEvent = {
  name: string
  /** The engine's id, where a name may come to mean another container; else undefined. */
  id?: string | undefined
  kind: 'exited' | 'removed'
  reason: string
}

export type WaitOptions = { signal?: AbortSignal | undefined }

export type StopOptions = WaitOptions & {
  /** How long the sandbox may take to end by itself before it is killed. */
  graceMs?: number
}

/**
 * An engine that runs sandboxes. An optional member is an optional ability: its presence *is* the capability.
 *
 * Every method throws SandboxError: `engine_unavailable` when the engine does not answer, else as told. Vendor errors are
 * translated in one file of the implementation and kept in `cause`.
 */
export interface ContainerBackend {
  /** `docker`, `local`, … */
  readonly name: string
  /** Whether sandboxes outlive the server process, so that a restarted server can adopt them. */
  readonly survivesServer: boolean
  /** Whether the workspace is a host directory that is mounted. */
  readonly mountsHostDirectories: boolean

  /**
   * Makes and starts a sandbox. Does not wait for its runtime to answer.
   * When it throws, nothing is left behind: no resource, no port, no file.
   *
   * @throws `image_unavailable`, `not_supported`, `no_free_port`, `conflict` (the name is taken), `sandbox_start_failed`
   */
  create(spec: ContainerSpec, options?: WaitOptions): Promise<Container>
  /** Starts a stopped sandbox; its url may be a new one. @throws `sandbox_not_found` */
  start(id: string, options?: WaitOptions): Promise<Container>
  /** Ends all processes of the sandbox and keeps the resource. @throws `sandbox_not_found` */
  stop(id: string, options?: StopOptions): Promise<void>
  /** Ends and deletes the sandbox and everything made for it. Idempotent: an unknown id is success. */
  remove(id: string, options?: WaitOptions): Promise<void>
  /** By id or name; undefined when the engine does not know it. */
  inspect(id: string, options?: WaitOptions): Promise<ContainerInfo | undefined>
  /** All resources that carry every one of `labels`, in any status. */
  list(labels: Record<string, string>, options?: WaitOptions): AsyncIterable<ContainerInfo>
  /** Resolves when the engine answers. */
  ping(options?: WaitOptions): Promise<void>
  /** Frees connections and, where sandboxes cannot outlive the server, ends them. Idempotent. */
  close(): Promise<void>

  /**
   * Makes sure that `image` is there (pulls it if need be) and returns its immutable id.
   * Called before the pool is filled and on each look for changed images, never when a parked sandbox is handed out.
   */
  resolveImage?(image: string, options?: WaitOptions): Promise<string>
  /** Ends of containers with `labels` as they happen, until the signal aborts. Reconnects by itself. */
  watch?(labels: Record<string, string>, options: WaitOptions): AsyncIterable<ContainerEvent>
  /** The last `lines` lines that the sandbox wrote; for error reports. */
  logs?(id: string, options?: WaitOptions & { lines?: number }): Promise<string>
  pause?(id: string, options?: WaitOptions): Promise<void>
  resume?(id: string, options?: WaitOptions): Promise<void>
}
