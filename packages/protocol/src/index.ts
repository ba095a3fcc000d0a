export { errorBodySchema, type ErrorBody } from './error-body.ts'
export { hopByHopHeaders, mcpFailedServersHeader, requestIdHeader, sessionAffinityHeaders } from './headers.ts'
export { decodeRecord, encodeRecord, wireRecordSchema, type WireRecord } from './manager/record-codec.ts'
export {
  failureSchema,
  managerCalls,
  type ManagerCallBody,
  type ManagerCallData,
  type ManagerCallName,
  type RpcDefinition,
} from './manager/routes.ts'
export type { RouteDefinition, RouteTable } from './route.ts'
export { genericTools } from './runtime/generic-tools.ts'
export { runtimePrefix, runtimeRoutes } from './runtime/routes.ts'
export {
  addMcpServersBody,
  callMcpToolBody,
  commitChangesBody,
  fileQuery,
  generateDiffBody,
  generateDiffResult,
  gitLogsQuery,
  gitLogsResult,
  listQuery,
  mcpServerConfigSchema,
  mcpServerInfoSchema,
  mcpServersSchema,
  pathQuery,
  runIpythonCellBody,
  runShellCommandBody,
  toolMapSchema,
  workspaceEntrySchema,
  workspaceMkdirBody,
  workspaceMoveBody,
  workspacePathSchema,
  type McpServerConfig,
  type McpServerInfo,
  type WorkspaceEntry,
} from './runtime/schemas.ts'
export {
  textContent,
  toolContentSchema,
  toolResultSchema,
  type ToolStream,
  type WireToolResult,
} from './runtime/tool-result.ts'
