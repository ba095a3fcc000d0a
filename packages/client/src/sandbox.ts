import {
  SandboxError,
  sandboxRegistry,
  type AddMcpServersOptions,
  type CallOptions,
  type ListToolsOptions,
  type ManagerApi,
  type SandboxRecord,
  type ToolMap,
  type ToolResult,
} from '@runtime-sandbox/core'
import { connectedManager } from './connected-manager.ts'
import { addServers, type McpServerConfigs } from './mcp-servers.ts'
import { SandboxFiles } from './sandbox-files.ts'
import type { SandboxConnectOptions, SandboxCreateOptions } from './sandbox-options.ts'

/** How a sandbox object comes to be; made by `create` and `connect`, passed on by subclasses. */
export type SandboxHandle = {
  manager: ManagerApi
  /** The sandbox's name on the server. */
  id: string
  /** Whether `close` destroys the sandbox. */
  owned: boolean
}

export type SandboxClass<Instance> = { readonly sandboxType?: string } & (new (handle: SandboxHandle) => Instance)

/**
 * A sandbox of any type. Extend it for your own types: give the class a static `sandboxType`, or decorate it with
 * `SandboxRegistry.register(…)`.
 *
 * @example
 * await using sandbox = await BaseSandbox.create({ baseUrl: 'http://127.0.0.1:8000', bearerToken })
 * const { stdout } = await sandbox.runShellCommand('echo hello')
 */
export class Sandbox {
  /** Type that `create` asks for. */
  static readonly sandboxType?: string
  /**
   * The sandbox's name on the server. Once its session was idle for long and the sandbox was restored, that has another name; this
   * one goes on leading to it.
   */
  readonly id: string
  /** The files of the workspace. */
  readonly fs: SandboxFiles
  protected readonly manager: ManagerApi
  #owned: boolean

  /** Use `create` or `connect`. */
  constructor({ manager, id, owned }: SandboxHandle) {
    this.manager = manager
    this.id = id
    this.fs = new SandboxFiles(manager, id)
    this.#owned = owned
  }

  /**
   * Makes a sandbox, or takes a ready one from the server's pool.
   *
   * @throws SandboxError `limit_reached`, `unknown_sandbox_type`, `sandbox_start_failed`, `server_unreachable`, `unauthorized`, …
   */
  static async create<Instance extends Sandbox>(
    this: SandboxClass<Instance>,
    options: SandboxCreateOptions = {},
  ): Promise<Instance> {
    const manager = connectedManager(options)
    const { environment, mountDir, storagePath, signal, releaseOnClose = true } = options
    const sandboxType = options.sandboxType ?? this.sandboxType ?? sandboxRegistry().typeOfClass(this)
    if (sandboxType === undefined) {
      throw new SandboxError(
        'invalid_argument',
        `${this.name} has no sandbox type: give the class a static sandboxType`,
      )
    }
    const meta = { ...options.meta, session_ctx_id: options.sessionId ?? crypto.randomUUID() }
    const ownSandbox = environment !== undefined || mountDir !== undefined || storagePath !== undefined
    const id = ownSandbox
      ? await manager.create({ sandboxType, meta, environment, mountDir, storagePath, signal })
      : await manager.createFromPool({ sandboxType, meta, signal })
    return new this({ manager, id, owned: releaseOnClose })
  }

  /**
   * Attaches to a sandbox that exists. `close` leaves it alone, unless `releaseOnClose` says otherwise.
   *
   * @param id its name, its bare session id, or the name of one that it has replaced
   * @throws SandboxError `sandbox_not_found`, `server_unreachable`, `unauthorized`, …
   */
  static async connect<Instance extends Sandbox>(
    this: SandboxClass<Instance>,
    id: string,
    options: SandboxConnectOptions = {},
  ): Promise<Instance> {
    const manager = connectedManager(options)
    const { name } = await manager.getInfo(id, { signal: options.signal })
    return new this({ manager, id: name, owned: options.releaseOnClose ?? false })
  }

  /**
   * What the server knows of the sandbox. `name` differs from `id` once it was restored; times are milliseconds since the epoch.
   *
   * @throws SandboxError `sandbox_not_found`
   */
  async getInfo(options: CallOptions = {}): Promise<SandboxRecord> {
    return this.manager.getInfo(this.id, options)
  }

  /** Whether the program inside answers; does not wake a sandbox that sleeps. @throws SandboxError `sandbox_not_found` */
  async checkHealth(options: CallOptions = {}): Promise<boolean> {
    return this.manager.checkHealth(this.id, options)
  }

  /** Tools by server; those of every sandbox are under `generic`. */
  async listTools(options: ListToolsOptions = {}): Promise<ToolMap> {
    return this.manager.listTools(this.id, options)
  }

  /** Calls a tool by name and returns its answer as it is; a tool's failure is `isError`, not an exception. */
  async callTool(name: string, args: Record<string, unknown> = {}, { signal }: CallOptions = {}): Promise<ToolResult> {
    return this.manager.callTool(this.id, name, { arguments: args, signal })
  }

  /**
   * Starts or connects MCP servers in the sandbox, all at once, and resolves when each has been initialised: `listTools` has their
   * tools under their names, and `callTool` calls them. Those that start stay, also when others do not.
   *
   * @param configs `{ mcpServers: { name: { command, args } | { url } } }`, as MCP clients keep it
   * @param options `overwrite`: replace servers that are there under the same name; else these are left as they are (default)
   * @throws SandboxError `mcp_server_failed` with what the servers said, `invalid_argument`, `sandbox_not_running`, …
   */
  async addMcpServers(configs: McpServerConfigs, options: AddMcpServersOptions = {}): Promise<void> {
    await addServers({ manager: this.manager, id: this.id, configs }, options)
  }

  /** Destroys the sandbox, whoever created it. */
  async release(options: CallOptions = {}): Promise<void> {
    await this.manager.release(this.id, options)
    this.#owned = false
  }

  /** Destroys the sandbox if this object created it, or was told to (`releaseOnClose`). Idempotent. */
  async close(options: CallOptions = {}): Promise<void> {
    if (this.#owned) await this.release(options)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }
}
