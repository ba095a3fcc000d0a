export { builtInTypes, type BuiltInType } from './built-in-types.ts'
export { systemClock, type Clock, type SleepOptions, type Timer } from './clock.ts'
export type {
  Container,
  ContainerBackend,
  ContainerEvent,
  ContainerInfo,
  ContainerSpec,
  ContainerStatus,
  Mount,
  StopOptions,
  WaitOptions,
} from './container-backend.ts'
export { errorKind, errorTable, type ErrorCode, type ErrorKind } from './error-table.ts'
export { buildImageUri, defaultImageNaming, imageNamingFrom, setImageNaming, type ImageNaming } from './image-uri.ts'
export { labels } from './labels.ts'
export { silentLogger, type LogFields, type Logger } from './logger.ts'
export type {
  AddMcpServersOptions,
  CallOptions,
  CallToolOptions,
  CreateFromPoolOptions,
  CreateOptions,
  ListToolsOptions,
  ManagerApi,
  RuntimeRequest,
  ToolContent,
  ToolDescription,
  ToolMap,
  ToolResult,
} from './manager-api.ts'
export {
  defineBackend,
  defineState,
  defineStorage,
  type AnyPluginDefinition,
  type BackendContext,
  type BackendDefinition,
  type PluginContext,
  type PluginDefinition,
  type StateDefinition,
  type StorageDefinition,
} from './plugin.ts'
export {
  defaultLimits,
  parseSize,
  resourceLimitsSchema,
  type ResourceLimits,
  type ResourceLimitsInput,
} from './resource-limits.ts'
export { SandboxError, isErrorCode, type SandboxErrorOptions } from './sandbox-error.ts'
export {
  activeStates,
  isActive,
  sandboxRecordSchema,
  sandboxStateSchema,
  sessionStates,
  type SandboxRecord,
  type SandboxRecordPatch,
  type SandboxState,
} from './sandbox-record.ts'
export { SandboxRegistry, sandboxRegistry } from './sandbox-registry.ts'
export {
  baseTypeName,
  sandboxTypeNameSchema,
  type SandboxTypeDefinition,
  type SandboxTypeOptions,
} from './sandbox-type.ts'
export {
  securityLevelSchema,
  securityProfile,
  shellCapabilities,
  type SecurityLevel,
  type SecurityProfile,
  type SecurityProfileOptions,
} from './security-profile.ts'
export {
  booleanSetting,
  integerSetting,
  listSetting,
  mountMapSetting,
  numberSetting,
  optionalSetting,
  portRangeSetting,
} from './setting-schemas.ts'
export type {
  ClaimOptions,
  InsertOptions,
  Lease,
  LeaseOptions,
  ListFilter,
  PortLeases,
  RecycleOptions,
  StateStore,
} from './state-store.ts'
export { isSystemPath, liesIn } from './system-paths.ts'
export type { TransferOptions, TransferResult, WorkspaceStorage } from './workspace-storage.ts'
