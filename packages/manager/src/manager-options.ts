import type {
  Clock,
  ContainerBackend,
  Logger,
  SandboxRegistry,
  StateStore,
  WorkspaceStorage,
} from '@runtime-sandbox/core'
import type { SandboxEvent } from './records/record-ledger.ts'

/** What a manager is told by its app; see the settings reference for the variables behind the fields. */
export type ManagerSettings = {
  /** CONTAINER_PREFIX_KEY: begins the name of every sandbox. */
  prefix: string
  /** Names the state store among all that share an engine; resources with another key are never touched. */
  stateKey: string
  /** DEFAULT_SANDBOX_TYPE: each has a pool; the first is the type of a create without one. Not empty. */
  defaultSandboxTypes: readonly string[]
  /** POOL_SIZE per type; 0 = no pool. */
  poolSize: number
  /** AUTO_CLEANUP: destroy every sandbox when the manager closes; else keep and adopt them. */
  autoCleanup: boolean
  /** DEFAULT_MOUNT_DIR, absolute: parent of the workspaces; null = workspaces live in the sandbox only. */
  workspaceRoot: string | null
  /** READONLY_MOUNTS: absolute host path → path in the sandbox. */
  readonlyMounts: Readonly<Record<string, string>>
  /** ALLOW_MOUNT_DIR: whether a caller may name the host directory of its workspace. */
  allowMountDir: boolean
  /** STORAGE_FOLDER: workspaces are kept at `<folder>/<session id>`; null = only where a caller asks. */
  storageFolder: string | null
  /** MAX_SANDBOX_INSTANCES; 0 = no limit. */
  maxInstances: number
  /** RUNTIME_SANDBOX_TIMEOUT: time limit of one call, for types that set none. */
  defaultTimeoutSeconds: number
  /** How long a new sandbox may take until it answers. */
  startTimeoutMs: number
  /** WATCHER_SCAN_INTERVAL: pause between looks for changed images, lost resources and expired records; 0 = none, and no pool. */
  scanIntervalMs: number
  /** HEARTBEAT_TIMEOUT: a session that nobody uses for so long loses its containers, until somebody uses it again. */
  heartbeatTimeoutMs: number
  /** HEARTBEAT_LOCK_TTL: life of the lease under which a server recycles a session; it is prolonged while it works. */
  heartbeatLockTtlMs: number
  /** RECYCLED_KEY_TTL: how long a recycled sandbox can be restored; 0 = for ever. */
  recycledRecordTtlMs: number
  /** RELEASED_KEY_TTL: how long the records of ended sandboxes are kept; 0 = for ever. */
  releasedRecordTtlMs: number
  /** Age at which a parked sandbox is replaced by a new one; default one hour. */
  maxParkedAgeMs?: number | undefined
}

/** The parts a manager works with. It closes none but itself; the app that made them does. */
export type ManagerParts = {
  backend: ContainerBackend
  state: StateStore
  /** Undefined: workspaces are not kept. */
  storage?: WorkspaceStorage | undefined
  registry: SandboxRegistry
  clock: Clock
  logger: Logger
  /** Of `[0, 1)`, for the jitter of back-offs; default Math.random. */
  random?: (() => number) | undefined
  /** Id of the request that is being served where it is called; sent on to the sandbox. */
  requestId?: (() => string | undefined) | undefined
  /** Told of every change of a sandbox's state, for metrics. Must not throw or wait. */
  onEvent?: ((event: SandboxEvent) => void) | undefined
}

export type ManagerOptions = ManagerParts & { settings: ManagerSettings }
