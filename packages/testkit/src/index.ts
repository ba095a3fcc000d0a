export { backendConformance } from './backend-suite/backend-conformance.ts'
export { answers, awaitRuntime, type AwaitRuntimeOptions } from './backend-suite/await-runtime.ts'
export { dialRuntime, type DialAnswer, type DialOptions } from './backend-suite/dial-runtime.ts'
export { pythonCommand, runShell, type ShellOptions, type ShellOutcome } from './backend-suite/shell-in-sandbox.ts'
export type {
  BackendAbility,
  BackendSuiteOptions,
  BackendSupport,
  LimitSupport,
  OpenBackend,
} from './backend-suite/suite-options.ts'
export {
  FakeBackend,
  createFakeBackend,
  type FakeBackendMethod,
  type FakeBackendOptions,
} from './fakes/fake-backend.ts'
export { createFakeClock, type FakeClock } from './fakes/fake-clock.ts'
export {
  createFakeRuntime,
  type FakeHealth,
  type FakeResponder,
  type FakeRuntime,
  type FakeRuntimeOptions,
} from './fakes/fake-runtime.ts'
export type { FakeRuntimeRequest, FakeRuntimeResponse } from './fakes/fake-runtime-routes.ts'
export type { HeldCall } from './fakes/fault-plan.ts'
export { itWhere } from './it-where.ts'
export { engineSuite } from './require-engine.ts'
export { sampleRecord } from './state-suite/sample-record.ts'
export { stateConformance } from './state-suite/state-conformance.ts'
export type { OpenedState, StateHarness } from './state-suite/state-harness.ts'
export { runtimeConformance, type RuntimeSuiteOptions } from './runtime-suite/runtime-conformance.ts'
export type { RuntimeUnderTest, StartRuntime } from './runtime-suite/runtime-under-test.ts'
export { wireConformance, type WireSuiteOptions } from './wire-suite/wire-conformance.ts'
export type { StartWire, WireUnderTest } from './wire-suite/wire-under-test.ts'
export { storageConformance } from './storage-suite/storage-conformance.ts'
export type { OpenedStorage, StorageHarness, StorageSupport } from './storage-suite/storage-harness.ts'
