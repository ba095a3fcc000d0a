import type { CallOptions, ManagerApi } from '@runtime-sandbox/core'

/** Where the server is. */
export type RemoteOptions = {
  /** E.g. `http://127.0.0.1:8000`; default: the variable RUNTIME_SANDBOX_BASE_URL. */
  baseUrl?: string | undefined
  /** The server's BEARER_TOKEN; default: the variable RUNTIME_SANDBOX_BEARER_TOKEN. */
  bearerToken?: string | undefined
  /** Another fetch, e.g. one with a proxy; default: the global one. */
  fetch?: typeof fetch | undefined
  /**
   * Time that one call may take with all its attempts, milliseconds; of a file, until its contents begin. Default 300,000, or
   * RUNTIME_SANDBOX_TIMEOUT (seconds) and a minute where that is longer. A call with `timeoutSeconds` is given those and a minute,
   * and not less than what is said here. Then: `sandbox_timeout`.
   */
  requestTimeoutMs?: number | undefined
  /**
   * How often a call that changes nothing (and `release`) is sent again when the connection failed or the server said that the
   * failure may pass: 0 to 10; default 2, so three attempts. Creating, commands, other tools and writes are sent once.
   */
  retries?: number | undefined
}

/** A manager in this process: no server in between. */
export type EmbeddedOptions = { manager: ManagerApi }

export type ConnectionOptions = CallOptions & (RemoteOptions | EmbeddedOptions)

export type SandboxConnectOptions = ConnectionOptions & {
  /** Whether `close` (and so the end of an `await using` block) destroys the sandbox; default false: it was here before. */
  releaseOnClose?: boolean | undefined
}

/** What a new sandbox is to be. */
export type SandboxCreateOptions = ConnectionOptions & {
  /** Whether `close` (and so the end of an `await using` block) destroys the sandbox; default true: it was made for this object. */
  releaseOnClose?: boolean | undefined
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
