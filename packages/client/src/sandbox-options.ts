import type { CallOptions, ManagerApi } from '@runtime-sandbox/core'

/** Where the server is. */
export type RemoteOptions = {
  /** E.g. `http://127.0.0.1:8000`; default: the variable RUNTIME_SANDBOX_BASE_URL. */
  baseUrl?: string | undefined
  /** The server's BEARER_TOKEN; default: the variable RUNTIME_SANDBOX_BEARER_TOKEN. */
  bearerToken?: string | undefined
  /** Another fetch, e.g. one with a proxy; default: the global one. */
  fetch?: typeof fetch | undefined
  /** Limit of one request until its answer begins, milliseconds; default 300,000. Longer tool time limits extend it. */
  requestTimeoutMs?: number | undefined
}

/** A manager in this process: no server in between. */
export type EmbeddedOptions = { manager: ManagerApi }

export type ConnectionOptions = CallOptions & (RemoteOptions | EmbeddedOptions)

/** What a new sandbox is to be. */
export type SandboxCreateOptions = ConnectionOptions & {
  /** Default: the type of the class. */
  sandboxType?: string | undefined
  /** The session that the sandbox belongs to; default: a new one. */
  sessionId?: string | undefined
  /** Your own data, kept with the sandbox. */
  meta?: Record<string, unknown> | undefined
  /** Variables for this sandbox only; it is then made anew instead of taken from the pool. */
  environment?: Record<string, string> | undefined
  /** Host directory that becomes the workspace; the server must allow it. */
  mountDir?: string | undefined
  /** Where the workspace is kept in the server's storage. */
  storagePath?: string | undefined
}
