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
export { engineSuite } from './require-engine.ts'
