export type { ManagerOptions, ManagerParts, ManagerSettings } from './manager-options.ts'
export type { SandboxEvent } from './records/record-ledger.ts'
export { SandboxManager } from './sandbox-manager.ts'
