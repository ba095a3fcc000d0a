import { z } from 'zod'

const noNul = (text: string) => !text.includes('\0')

/** In a query. */
const wholeNumber = (minimum: number, maximum: number) =>
  z
    .string()
    .regex(/^\d{1,9}$/, 'a whole number')
    .transform(Number)
    .pipe(z.number().min(minimum).max(maximum))

/** A path in the workspace: relative to it, or absolute. */
export const workspacePathSchema = z.string().max(4096, 'path is too long').refine(noNul, 'path contains a NUL byte')

/** Time limit of one call, seconds. */
const timeoutSchema = z.number().positive().max(86_400)

export const runShellCommandBody = z.object({
  command: z.string().min(1, 'Command is required.'),
  timeout: timeoutSchema.nullish(),
})
export const runIpythonCellBody = z.object({
  code: z.string().min(1, 'Code is required.'),
  timeout: timeoutSchema.nullish(),
})

/** What is at a path. */
export const workspaceEntrySchema = z.object({
  /** Absolute. */
  path: z.string(),
  name: z.string(),
  type: z.enum(['file', 'dir', 'symlink', 'other']),
  /** Bytes; null unless a file. */
  size: z.number().int().nullable(),
  /** Milliseconds since the epoch. */
  mtime_ms: z.number().int(),
})

export type WorkspaceEntry = z.infer<typeof workspaceEntrySchema>

export const workspaceMoveBody = z.object({
  source: workspacePathSchema.min(1, 'source and destination are required'),
  destination: workspacePathSchema.min(1, 'source and destination are required'),
})
export const workspaceMkdirBody = z.object({ path: workspacePathSchema.min(1, 'path is required') })

export const pathQuery = z.object({ path: workspacePathSchema })
export const fileQuery = z.object({ path: workspacePathSchema, format: z.enum(['text', 'bytes']).default('text') })
export const listQuery = z.object({
  path: workspacePathSchema,
  // Python clients send an empty one for None.
  depth: z
    .string()
    .regex(/^([1-9]\d{0,8})?$/, 'depth is a whole number from 1 up')
    .transform((text) => Number(text || 1))
    .default(1),
})

/** One MCP server: started by `command` and spoken to over its input and output, or reached at `url`. */
export const mcpServerConfigSchema = z
  .looseObject({
    command: z.string().min(1).max(4096).refine(noNul).optional(),
    args: z.array(z.string().refine(noNul)).optional(),
    /** Beside the variables of the sandbox. */
    env: z.record(z.string(), z.string().refine(noNul)).nullish(),
    /** Default: the workspace. */
    cwd: z.string().refine(noNul).nullish(),
    url: z.url({ protocol: /^https?$/ }).optional(),
    /** Of a `url`: `streamable_http` or `streamableHttp`; anything else is SSE. */
    type: z.string().nullish(),
    headers: z.record(z.string(), z.string()).nullish(),
    /** Seconds until the server must be initialised; default 30. */
    timeout: z.number().positive().max(600).optional(),
    /** Seconds of silence after which a stream of a `url` counts as dead; default 300. */
    sse_read_timeout: z.number().positive().max(86_400).optional(),
  })
  .refine(({ command, url }) => (command === undefined) !== (url === undefined), 'needs either command or url')

export type McpServerConfig = z.output<typeof mcpServerConfigSchema>

const mcpServerName = z.string().min(1).max(256)

export const mcpServersSchema = z.object({ mcpServers: z.record(mcpServerName, mcpServerConfigSchema) })
export const addMcpServersBody = z.object({ server_configs: mcpServersSchema, overwrite: z.boolean().default(false) })
export const callMcpToolBody = z.object({
  tool_name: z.string().min(1),
  arguments: z.record(z.string(), z.unknown()).nullish(),
  timeout: timeoutSchema.nullish(),
})

/** How an MCP server in the sandbox is. */
export const mcpServerInfoSchema = z.object({
  name: z.string(),
  transport: z.enum(['stdio', 'sse', 'streamable_http']),
  /** One that failed is tried again by the next call that needs it, with a growing pause. */
  state: z.enum(['starting', 'ready', 'failed']),
  /** Why it failed. */
  error: z.string().nullable(),
})

export type McpServerInfo = z.output<typeof mcpServerInfoSchema>

/** Server → tool → description. */
export const toolMapSchema = z.record(
  z.string(),
  z.record(z.string(), z.object({ name: z.string(), json_schema: z.record(z.string(), z.unknown()) })),
)

const maxCommitMessageBytes = 64 * 1024
const commitMessage = z
  .string()
  .refine(noNul, 'contains a NUL byte')
  .refine((text) => new TextEncoder().encode(text).length <= maxCommitMessageBytes, 'is longer than 64 KiB')
const commitName = z.string().max(256).refine(noNul, 'contains a NUL byte')

export const commitChangesBody = z.object({ commit_message: commitMessage.default('Automated commit') })
/** Both: from the one to the other. None (or empty): what changed in the workspace since the last commit. */
export const generateDiffBody = z.object({ commit_a: commitName.nullish(), commit_b: commitName.nullish() })
export const gitLogsQuery = z.object({
  limit: wholeNumber(1, 1000).default(50),
  skip: wholeNumber(0, 1_000_000).default(0),
})

/** Path → unified diff. */
const diffsSchema = z.record(z.string(), z.string())

export const generateDiffResult = z.object({
  diffs: diffsSchema,
  /** The rest was left out. */
  truncated: z.boolean().optional(),
})
export const gitLogsResult = z.object({
  logs: z.array(
    z.object({
      commit: z.string(),
      author: z.string(),
      /** ISO 8601. */
      date: z.string(),
      message: z.string(),
      /** From the (first) parent; of a first commit, all that it has. */
      diff: diffsSchema,
      /** Something of `diff` was left out. */
      truncated: z.boolean().optional(),
    }),
  ),
  /** There was too much to tell all of it. What was asked for beyond these commits begins behind them. */
  truncated: z.boolean().optional(),
})
