import type { Mount } from '@runtime-sandbox/core'
import type { ManagerOptions } from './manager-options.ts'
import type { LeaseContext } from './records/held-lease.ts'
import type { RecordLedger } from './records/record-ledger.ts'
import type { RuntimeClient } from './runtime/runtime-client.ts'
import type { WorkGate } from './work-gate.ts'
import type { Workspaces } from './workspace/workspaces.ts'

/** What the pieces of one manager share. */
export type ManagerContext = ManagerOptions & {
  random: () => number
  /** Random, of this manager: the holder of its leases. */
  instanceId: string
  ledger: RecordLedger
  runtime: RuntimeClient
  workspaces: Workspaces
  gate: WorkGate
  leases: LeaseContext
  /** Checked READONLY_MOUNTS. */
  readonlyMounts: readonly Mount[]
}
