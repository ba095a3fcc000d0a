import { z } from 'zod'
import type { ErrorCode } from '@runtime-sandbox/core'
import { mcpServersSchema, toolMapSchema } from '../runtime/schemas.ts'
import { toolResultSchema } from '../runtime/tool-result.ts'
import { wireRecordSchema } from './record-codec.ts'

/** A remote call: `POST /<name>` with a JSON object, answered `{"data": …}`; also `POST /<name>_async`, which is the same. */
export type RpcDefinition = {
  name: string
  summary: string
  body: z.ZodObject
  /** `data` of the answer. */
  data: z.ZodType
  errors: readonly ErrorCode[]
  /** The argument that `{"args": x}` means on the `_async` twin, where Python clients send that. */
  positional?: string
}

const identity = z.string().min(1).max(256)
const text = z.string().max(4096)
const meta = z.record(z.string(), z.unknown()).nullish()
const sandboxType = z.string().max(64).nullish()
/** A failure that the contract tells as 200 with null or false comes with this beside `data`. */
export const failureSchema = z.object({
  code: z.string(),
  detail: z.string(),
  retryable: z.boolean(),
  remediation: z.string(),
})

/** The remote calls of the manager surface. */
export const managerCalls = {
  create_from_pool: {
    name: 'create_from_pool',
    summary: 'Hands out a ready sandbox, or makes one; null when the limit is reached or it failed',
    body: z.strictObject({ sandbox_type: sandboxType, meta }),
    data: z.string().nullable(),
    errors: ['unknown_sandbox_type'],
    positional: 'sandbox_type',
  },
  create: {
    name: 'create',
    summary: 'Makes a sandbox for this caller alone; null when the limit is reached or it failed',
    body: z.strictObject({
      sandbox_type: sandboxType,
      mount_dir: text.nullish(),
      storage_path: text.nullish(),
      environment: z.record(z.string(), z.string().nullable()).nullish(),
      meta,
    }),
    data: z.string().nullable(),
    errors: ['unknown_sandbox_type', 'mount_refused'],
    positional: 'sandbox_type',
  },
  release: {
    name: 'release',
    summary: 'Destroys a sandbox; true also when it is unknown',
    body: z.strictObject({ identity }),
    data: z.boolean(),
    errors: [],
  },
  start: {
    name: 'start',
    summary: 'Starts a stopped sandbox; false when that is not possible',
    body: z.strictObject({ identity }),
    data: z.boolean(),
    errors: [],
    positional: 'identity',
  },
  stop: {
    name: 'stop',
    summary: 'Stops a sandbox and keeps it; false when that is not possible',
    body: z.strictObject({ identity }),
    data: z.boolean(),
    errors: [],
    positional: 'identity',
  },
  get_status: {
    name: 'get_status',
    summary: "The engine's status of a sandbox; null when unknown",
    body: z.strictObject({ identity }),
    data: z.string().nullable(),
    errors: [],
    positional: 'identity',
  },
  get_info: {
    name: 'get_info',
    summary: 'The record of a sandbox; replaced ones are followed',
    body: z.strictObject({ identity, _redirect_depth: z.number().int().optional() }),
    data: wireRecordSchema,
    errors: ['sandbox_not_found', 'redirect_loop'],
    positional: 'identity',
  },
  check_health: {
    name: 'check_health',
    summary: 'Whether the sandbox answers',
    body: z.strictObject({ identity }),
    data: z.boolean(),
    errors: ['sandbox_not_found', 'sandbox_unreachable'],
  },
  list_tools: {
    name: 'list_tools',
    summary: 'Tools of a sandbox, by server; `generic` ones are in every sandbox',
    body: z.looseObject({ identity, tool_type: z.string().nullish() }),
    data: toolMapSchema,
    errors: ['sandbox_not_found', 'sandbox_not_running'],
  },
  call_tool: {
    name: 'call_tool',
    summary: 'Calls a tool in a sandbox',
    body: z.strictObject({
      identity,
      tool_name: z.string().nullish(),
      arguments: z.record(z.string(), z.unknown()).nullish(),
    }),
    data: toolResultSchema.nullable(),
    errors: ['sandbox_not_found', 'sandbox_not_running', 'sandbox_timeout'],
  },
  add_mcp_servers: {
    name: 'add_mcp_servers',
    summary: 'Adds MCP servers to a sandbox',
    body: z.strictObject({ identity, server_configs: mcpServersSchema, overwrite: z.boolean().nullish() }),
    data: z.union([z.string(), toolResultSchema]),
    errors: ['sandbox_not_found', 'sandbox_not_running'],
  },
  get_session_mapping: {
    name: 'get_session_mapping',
    summary: 'Names of the sandboxes of a session',
    body: z.strictObject({ session_ctx_id: z.string().min(1).max(256) }),
    data: z.array(z.string()),
    errors: [],
    positional: 'session_ctx_id',
  },
  list_session_keys: {
    name: 'list_session_keys',
    summary: 'All sessions that have a sandbox',
    body: z.strictObject({}),
    data: z.array(z.string()),
    errors: [],
  },
  cleanup: {
    name: 'cleanup',
    summary: 'Destroys every sandbox of the deployment',
    body: z.strictObject({}),
    data: z.null(),
    errors: [],
  },
} as const satisfies Record<string, RpcDefinition>

/** Name of a remote call. */
export type ManagerCallName = keyof typeof managerCalls
/** Arguments of a remote call, as sent. */
export type ManagerCallBody<Name extends ManagerCallName> = z.input<(typeof managerCalls)[Name]['body']>
/** What a remote call returns in `data`. */
export type ManagerCallData<Name extends ManagerCallName> = z.output<(typeof managerCalls)[Name]['data']>
