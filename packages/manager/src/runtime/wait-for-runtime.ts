import { SandboxError, type CallOptions, type Clock, type ContainerBackend } from '@runtime-sandbox/core'
import type { RuntimeClient } from './runtime-client.ts'
import type { RuntimeEndpoint } from './runtime-connections.ts'

export type WaitForRuntimeOptions = CallOptions & {
  backend: ContainerBackend
  clock: Clock
  runtime: RuntimeClient
  /** How long the runtime may take. */
  timeoutMs: number
}

const firstPauseMs = 5
const longestPauseMs = 250
const probeTimeoutMs = 2000
/** How often the engine is asked whether the sandbox still runs, beside its own events. */
const inspectEveryMs = 1000

/**
 * Resolves when the runtime of a new sandbox answers its health check. Ends early when the container has exited.
 *
 * @throws SandboxError `sandbox_start_failed`; the signal's reason
 */
export async function waitForRuntime(endpoint: RuntimeEndpoint, options: WaitForRuntimeOptions): Promise<void> {
  const { backend, clock, runtime, timeoutMs, signal } = options
  const startedAt = clock.now()
  let inspectedAt = startedAt
  for (let pause = firstPauseMs; ; pause = Math.min(pause * 1.5, longestPauseMs)) {
    signal?.throwIfAborted()
    if (await runtime.isHealthy(endpoint, { timeoutMs: Math.min(probeTimeoutMs, timeoutMs), signal })) return
    const now = clock.now()
    if (now - startedAt >= timeoutMs) throw notHealthy(endpoint, timeoutMs)
    if (now - inspectedAt >= inspectEveryMs) {
      inspectedAt = now
      await assertRunning(endpoint, backend, signal)
    }
    await clock.sleep(pause, signal ? { signal } : {})
  }
}

async function assertRunning({ name, containerId }: RuntimeEndpoint, backend: ContainerBackend, signal?: AbortSignal) {
  const status = (await backend.inspect(containerId, { signal }))?.status
  if (status === undefined || status === 'exited') {
    throw new SandboxError('sandbox_start_failed', `sandbox ${name} ended while it was starting`)
  }
}

function notHealthy({ name }: RuntimeEndpoint, timeoutMs: number): SandboxError {
  const message = `sandbox ${name} did not become healthy within ${timeoutMs / 1000} s`
  return new SandboxError('sandbox_start_failed', message)
}
