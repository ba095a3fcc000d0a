export {
  SandboxError,
  SandboxRegistry,
  buildImageUri,
  imageNamingFrom,
  type CallOptions,
  type ErrorCode,
  type ManagerApi,
  type SandboxRecord,
  type ToolMap,
  type ToolResult,
} from '@runtime-sandbox/core'
export type { WorkspaceEntry } from '@runtime-sandbox/protocol'
export { BaseSandbox, type RunOptions } from './base-sandbox.ts'
export { HttpManager } from './http-manager.ts'
export type { McpServerConfig, McpServerConfigs, StdioMcpServerConfig, UrlMcpServerConfig } from './mcp-servers.ts'
export { SandboxFiles, type FileData, type FileToWrite, type ListOptions, type WriteOptions } from './sandbox-files.ts'
export type {
  ConnectionOptions,
  EmbeddedOptions,
  RemoteOptions,
  SandboxConnectOptions,
  SandboxCreateOptions,
} from './sandbox-options.ts'
export {
  SandboxService,
  type ConnectSessionOptions,
  type SandboxClasses,
  type SandboxOfType,
  type SandboxServiceOptions,
  type SandboxesOfTypes,
  type SessionOptions,
} from './sandbox-service.ts'
export { Sandbox, type SandboxClass, type SandboxHandle } from './sandbox.ts'
export type { CellResult, ShellResult } from './tool-output.ts'
