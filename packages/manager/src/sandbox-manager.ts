import {
  type AddMcpServersOptions,
  type CallOptions,
  type CallToolOptions,
  type CreateFromPoolOptions,
  type CreateOptions,
  labels,
  type ListToolsOptions,
  type ManagerApi,
  type RuntimeRequest,
  type SandboxRecord,
  type ToolMap,
  type ToolResult,
} from '@runtime-sandbox/core'
import { assembleManager, type ManagerPieces } from './assemble-manager.ts'
import { closeManager, releaseAll } from './close-manager.ts'
import { releaseSandbox } from './end/release-sandbox.ts'
import type { ManagerOptions } from './manager-options.ts'
import { WorkspaceKeeper } from './reconcile/workspace-keeper.ts'
import type { RelayedSocket, SandboxGateway } from './relay/sandbox-gateway.ts'
import type { SandboxRelay } from './relay/sandbox-relay.ts'
import type { SocketRequest } from './runtime/dial-socket.ts'

/**
 * Hands out sandboxes on any engine and state store. Everything is done elsewhere; here is what is offered.
 *
 * @example
 * await using manager = await SandboxManager.start({ backend, state, registry, clock: systemClock, logger, settings })
 * const id = await manager.createFromPool()
 * const result = await manager.callTool(id, 'run_shell_command', { arguments: { command: 'echo hello' } })
 */
export class SandboxManager implements ManagerApi, SandboxGateway, AsyncDisposable {
  readonly #pieces: ManagerPieces
  #closed: Promise<void> | undefined

  private constructor(pieces: ManagerPieces) {
    this.#pieces = pieces
  }

  /**
   * Brings engine and store together, then keeps pools filled until `close`.
   *
   * @throws SandboxError `engine_unavailable`, `state_unavailable`, `unknown_sandbox_type`, `mount_refused`
   */
  static async start(options: ManagerOptions): Promise<SandboxManager> {
    const pieces = await assembleManager(options)
    const { gate } = pieces.context
    await gate.run((signal) => pieces.reconciler.sweep(signal), { abortOnClose: true })
    await gate.run(() => new WorkspaceKeeper(pieces.context).sweep(), { abortOnClose: true })
    pieces.maintenance.start()
    return new SandboxManager(pieces)
  }

  async createFromPool(options: CreateFromPoolOptions = {}): Promise<string> {
    const { creator } = this.#pieces
    return (await this.#work(options, (signal) => creator.createFromPool(options, signal))).name
  }

  async create(options: CreateOptions = {}): Promise<string> {
    return (await this.#work(options, (signal) => this.#pieces.creator.create(options, signal))).name
  }

  async release(identity: string, options: CallOptions = {}): Promise<boolean> {
    const { context, ender, pools } = this.#pieces
    // Once begun it is carried through, whoever still waits.
    await context.gate.run(() => releaseSandbox(identity, context, ender), { ...options, abortOnClose: false })
    pools.capacityFreed()
    return true
  }

  start(identity: string, options: CallOptions = {}): Promise<void> {
    return this.#work(options, (signal) => this.#pieces.power.start(identity, signal))
  }

  stop(identity: string, options: CallOptions = {}): Promise<void> {
    return this.#work(options, (signal) => this.#pieces.power.stop(identity, signal))
  }

  async getStatus(identity: string, { signal }: CallOptions = {}): Promise<string | undefined> {
    const { backend, settings } = this.#pieces.context
    const info = await backend.inspect(identity, { signal })
    // The engine may run other people's containers, of which nothing is told.
    return info?.labels[labels.deployment] === settings.prefix ? info.status : undefined
  }

  getInfo(identity: string): Promise<SandboxRecord> {
    return this.#pieces.finder.find(identity)
  }

  checkHealth(identity: string, options: CallOptions = {}): Promise<boolean> {
    return this.#work(options, (signal) => this.#pieces.tools.checkHealth(identity, { signal }))
  }

  listTools(identity: string, options: ListToolsOptions = {}): Promise<ToolMap> {
    return this.#work(options, (signal) => this.#pieces.tools.listTools(identity, { ...options, signal }))
  }

  callTool(identity: string, toolName: string, options: CallToolOptions = {}): Promise<ToolResult> {
    return this.#work(options, (signal) => this.#pieces.tools.callTool(identity, toolName, { ...options, signal }))
  }

  addMcpServers(
    identity: string,
    serverConfigs: Record<string, unknown>,
    options: AddMcpServersOptions = {},
  ): Promise<string | ToolResult> {
    const { tools } = this.#pieces
    return this.#work(options, (signal) => tools.addMcpServers(identity, serverConfigs, { ...options, signal }))
  }

  async getSessionMapping(sessionContextId: string): Promise<string[]> {
    const { state } = this.#pieces.context
    const names = await state.listSessionSandboxes(sessionContextId)
    const records = await Promise.all(names.map((name) => state.get(name)))
    return records.flatMap((record) => (record && record.state !== 'creating' ? [record.name] : []))
  }

  listSessionKeys(): Promise<string[]> {
    return this.#pieces.context.state.listSessions()
  }

  async cleanup(options: CallOptions = {}): Promise<void> {
    const { context, pools } = this.#pieces
    await context.gate.run(() => releaseAll(this.#pieces, 'cleaned up'), { ...options, abortOnClose: false })
    pools.capacityFreed()
  }

  async fetchRuntime(identity: string, request: RuntimeRequest): Promise<Response> {
    return this.#relay().fetchRuntime(identity, request)
  }

  /** Passes a request on to what a sandbox serves beside its runtime, and the answer back, whatever its status. */
  async fetchDesktop(identity: string, request: RuntimeRequest): Promise<Response> {
    return this.#relay().fetchDesktop(identity, request)
  }

  /** Opens a WebSocket to a sandbox; a refusal is an answer, not an error. It ends with the sandbox. */
  async openSocket(identity: string, request: SocketRequest): Promise<RelayedSocket> {
    return this.#relay().openSocket(identity, request)
  }

  /** Stops everything that it does and has made; idempotent. What it was given stays open. Never throws. */
  close(): Promise<void> {
    return (this.#closed ??= closeManager(this.#pieces))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  #relay(): SandboxRelay {
    const { context, relay } = this.#pieces
    context.gate.signal.throwIfAborted()
    return relay
  }

  #work<T>({ signal }: CallOptions, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    return this.#pieces.context.gate.run(work, { signal, abortOnClose: true })
  }
}
