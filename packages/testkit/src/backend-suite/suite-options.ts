import type { ContainerBackend, ContainerInfo, ContainerSpec } from '@runtime-sandbox/core'

/** What an engine does with a limit that is set: it holds, or the sandbox is not made (`not_supported`). */
export type LimitSupport = 'enforced' | 'refused'

/** An engine to test, and what it holds on the machine. */
export type OpenBackend<Backend extends ContainerBackend = ContainerBackend> = {
  backend: Backend
  /** Closes the engine and deletes whatever the test left. Called once, also after `close`. */
  dispose(): Promise<void>
  /**
   * What the engine holds for its sandboxes now besides the sandboxes: leased ports, scratch directories, networks, groups.
   * Must be empty when there is no sandbox.
   */
  residue?(): Promise<readonly string[]>
}

/** Optional members of the port; `pause` stands for `resume` too. */
export type BackendAbility = 'resolveImage' | 'logs' | 'pause' | 'watch'

/** What an engine can do, and is tested for. There are no tests of what is absent. */
export type BackendSupport<Backend extends ContainerBackend = ContainerBackend> = {
  /** The optional members that the engine has: exactly these. */
  abilities: readonly BackendAbility[]
  /** The runtime of `spec` really runs shell commands. Without it only the engine's own part is tested. */
  shell?: boolean
  /** `missing`: a reference that cannot be had. */
  images?: { missing: string }
  /** Host directories of this machine can be mounted. */
  mounts?: boolean
  limits?: { memory: LimitSupport; cpus: LimitSupport; pids: LimitSupport; shm: LimitSupport }
  /** Level `high` works on this machine. */
  highSecurity?: boolean
  /** Ends a running sandbox behind the engine's back, as a crash does. */
  kill?(backend: Backend, container: ContainerInfo): Promise<void>
}

export type BackendSuiteOptions<Backend extends ContainerBackend = ContainerBackend> = {
  /** Name of the engine in REQUIRE. */
  engine: string
  /** Why the engine cannot be used here; undefined when it can. */
  unavailable: string | undefined
  /** A new instance; several may be open at a time. */
  open(): Promise<OpenBackend<Backend>>
  /**
   * A spec whose runtime answers; `environment.SECRET_TOKEN` is its token. `overrides` replace whole members.
   * The suite sets name and labels.
   */
  spec(overrides?: Partial<ContainerSpec>): ContainerSpec
  supports: BackendSupport<Backend>
}
