/** How the outside sees one kind of failure. */
export type ErrorKind = {
  /** HTTP status. */
  status: 400 | 401 | 403 | 404 | 405 | 409 | 413 | 422 | 429 | 500 | 502 | 503 | 504
  /** Whether the same request may succeed later, unchanged. */
  retryable: boolean
  /** What the reader can do about it, in one sentence. */
  remediation: string
}

/** The single source of every error of the system; docs/reference/errors.md is generated from it. */
export const errorTable = {
  invalid_body: {
    status: 400,
    retryable: false,
    remediation: 'Send a JSON object as the request body; `{}` when the call takes no arguments.',
  },
  unauthorized: {
    status: 401,
    retryable: false,
    remediation: 'Send `Authorization: Bearer <BEARER_TOKEN>` with the token that the server was started with.',
  },
  path_forbidden: {
    status: 403,
    retryable: false,
    remediation: 'Use a path inside the workspace; links that lead out of it are not followed.',
  },
  request_refused: {
    status: 403,
    retryable: false,
    remediation:
      'Without a token the server answers local programs only, not web pages: set BEARER_TOKEN, or name the host in ALLOWED_HOSTS.',
  },
  file_not_found: {
    status: 404,
    retryable: false,
    remediation: 'List the folder to see what is there.',
  },
  sandbox_not_found: {
    status: 404,
    retryable: false,
    remediation: 'Create a sandbox first; its id is the value that create and create_from_pool return.',
  },
  route_not_found: {
    status: 404,
    retryable: false,
    remediation: 'See /docs for the routes of this server.',
  },
  method_not_allowed: {
    status: 405,
    retryable: false,
    remediation: 'See /docs for the method of this route.',
  },
  conflict: {
    status: 409,
    retryable: true,
    remediation: 'Another request changed the same sandbox first; read it again and retry.',
  },
  sandbox_not_running: {
    status: 409,
    retryable: false,
    remediation: 'The sandbox was released, replaced or lost; create a new one.',
  },
  redirect_loop: {
    status: 409,
    retryable: false,
    remediation: 'The sandbox was replaced too many times in a row; create a new one.',
  },
  payload_too_large: {
    status: 413,
    retryable: false,
    remediation: 'Send less, or write large files through /proxy/{identity}/workspace/file, which streams.',
  },
  invalid_argument: {
    status: 422,
    retryable: false,
    remediation: 'Correct the argument that `detail` names; /docs has the shape of every request.',
  },
  unknown_sandbox_type: {
    status: 422,
    retryable: false,
    remediation: 'Use a built-in type, or register the type with an extension: --extension MODULE.',
  },
  not_supported: {
    status: 422,
    retryable: false,
    remediation: 'The engine in use cannot do or enforce this; choose another engine or another setting.',
  },
  mount_refused: {
    status: 422,
    retryable: false,
    remediation: 'Mount another directory; client-chosen mounts also need ALLOW_MOUNT_DIR=True.',
  },
  limit_reached: {
    status: 429,
    retryable: true,
    remediation: 'Release a sandbox, or raise MAX_SANDBOX_INSTANCES.',
  },
  internal: {
    status: 500,
    retryable: false,
    remediation: 'This is a defect of the server; report it with the request id and the server log.',
  },
  image_unavailable: {
    status: 502,
    retryable: true,
    remediation: 'Build or pull the image, or correct RUNTIME_SANDBOX_REGISTRY, _IMAGE_NAMESPACE and _IMAGE_TAG.',
  },
  sandbox_start_failed: {
    status: 502,
    retryable: true,
    remediation: 'The sandbox did not become healthy; its last log lines are in the server log.',
  },
  mcp_server_failed: {
    status: 502,
    retryable: false,
    remediation:
      'Correct the command, URL or headers of the MCP server; the message tells what it said. The others that were added stay.',
  },
  sandbox_unreachable: {
    status: 502,
    retryable: true,
    remediation: 'The program inside the sandbox does not answer; when that lasts, create a new sandbox.',
  },
  engine_unavailable: {
    status: 503,
    retryable: true,
    remediation: 'Start the container engine, or correct its address; the server carries on when it answers again.',
  },
  server_unreachable: {
    status: 503,
    retryable: true,
    remediation: 'Start the server, or correct baseUrl.',
  },
  no_free_port: {
    status: 503,
    retryable: true,
    remediation: 'Widen PORT_RANGE or release sandboxes.',
  },
  state_unavailable: {
    status: 503,
    retryable: true,
    remediation: 'The state store does not answer; the server carries on when it does.',
  },
  storage_unavailable: {
    status: 503,
    retryable: true,
    remediation: 'The storage of workspaces is full, not reachable or not writable; the server log has the reason.',
  },
  shutting_down: {
    status: 503,
    retryable: true,
    remediation: 'The server is stopping; retry against its successor.',
  },
  starting: {
    status: 503,
    retryable: true,
    remediation: 'The server is starting; retry in a moment.',
  },
  sandbox_timeout: {
    status: 504,
    retryable: false,
    remediation:
      "The call took longer than the sandbox type's timeout; raise RUNTIME_SANDBOX_TIMEOUT or split the work.",
  },
} as const satisfies Record<string, ErrorKind>

/** A code of the error table. */
export type ErrorCode = keyof typeof errorTable

/** The error kind of `code`. */
export function errorKind(code: ErrorCode): ErrorKind {
  return errorTable[code]
}
