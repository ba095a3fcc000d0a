import type { SandboxRecord } from './sandbox-record.ts'

/** Options of every call: abort it. */
export type CallOptions = { signal?: AbortSignal | undefined }

export type CreateFromPoolOptions = CallOptions & {
  /** Default: the first of DEFAULT_SANDBOX_TYPE. */
  sandboxType?: string | undefined
  /** The caller's own data; `session_ctx_id` binds the sandbox to a session. */
  meta?: Record<string, unknown> | undefined
}

export type CreateOptions = CreateFromPoolOptions & {
  /** Absolute host directory to be the workspace; only with ALLOW_MOUNT_DIR. */
  mountDir?: string | undefined
  /** Where the workspace is kept in the storage. */
  storagePath?: string | undefined
  environment?: Record<string, string> | undefined
}

export type CallToolOptions = CallOptions & { arguments?: Record<string, unknown> | undefined }
export type ListToolsOptions = CallOptions & { toolType?: string | undefined }
export type AddMcpServersOptions = CallOptions & { overwrite?: boolean | undefined }

/** A request to the runtime of a sandbox; `path` begins behind its `/fastapi`, without a leading slash. */
export type RuntimeRequest = CallOptions & {
  method: string
  path: string
  /** Without `?`. */
  query?: string | undefined
  headers?: Record<string, string> | undefined
  body?: ReadableStream<Uint8Array> | Uint8Array | string | undefined
}

/** One tool, as `list_tools` tells it. */
export type ToolDescription = { name: string; json_schema: Record<string, unknown> }
/** Server name → tool name → tool. */
export type ToolMap = Record<string, Record<string, ToolDescription>>

/** One piece of a tool's answer; `description` tells stdout, stderr and returncode apart. */
export type ToolContent = {
  type: string
  text?: string
  data?: string
  mimeType?: string
  description?: string
  [key: string]: unknown
}
/** A tool's answer; further fields (`exit_code`, `timed_out`, …) as the tool gives them. */
export type ToolResult = { meta?: unknown; content: ToolContent[]; isError: boolean; [key: string]: unknown }

/**
 * What can be done with sandboxes: implemented by the manager in this process, and by the client over HTTP, so that a
 * `Sandbox` works on either. `identity` is a sandbox's name or its bare session id; replaced sandboxes are followed.
 *
 * All methods throw SandboxError.
 */
export interface ManagerApi {
  /** Hands out a parked sandbox, or makes one. Returns its name. @throws `limit_reached`, `unknown_sandbox_type`, and what `create` throws */
  createFromPool(options?: CreateFromPoolOptions): Promise<string>
  /** Makes a sandbox for this caller alone. Returns its name once its runtime is healthy; when it throws, nothing is left behind. */
  create(options?: CreateOptions): Promise<string>
  /** Destroys a sandbox; an unknown one is success. */
  release(identity: string, options?: CallOptions): Promise<boolean>
  /** Starts a stopped sandbox. @throws `sandbox_not_found`, `sandbox_not_running` */
  start(identity: string, options?: CallOptions): Promise<void>
  /** Stops a sandbox's processes and keeps it. @throws `sandbox_not_found` */
  stop(identity: string, options?: CallOptions): Promise<void>
  /** The engine's status of a container name or id; undefined when unknown. */
  getStatus(identity: string, options?: CallOptions): Promise<string | undefined>
  getInfo(identity: string, options?: CallOptions): Promise<SandboxRecord>
  /** Whether the sandbox's runtime answers. @throws `sandbox_not_found` */
  checkHealth(identity: string, options?: CallOptions): Promise<boolean>
  listTools(identity: string, options?: ListToolsOptions): Promise<ToolMap>
  callTool(identity: string, toolName: string, options?: CallToolOptions): Promise<ToolResult>
  addMcpServers(
    identity: string,
    serverConfigs: Record<string, unknown>,
    options?: AddMcpServersOptions,
  ): Promise<string | ToolResult>
  /** Names of the sandboxes of a session. */
  getSessionMapping(sessionContextId: string, options?: CallOptions): Promise<string[]>
  listSessionKeys(options?: CallOptions): Promise<string[]>
  /** Destroys every sandbox of the deployment. */
  cleanup(options?: CallOptions): Promise<void>
  /** Streams a request to the sandbox's runtime and its answer back, with whatever status it has. */
  fetchRuntime(identity: string, request: RuntimeRequest): Promise<Response>
}
