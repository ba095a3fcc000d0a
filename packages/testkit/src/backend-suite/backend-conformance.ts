import type { ContainerBackend } from '@runtime-sandbox/core'
import { describe } from 'vitest'
import { engineSuite } from '../require-engine.ts'
import { abilitySuite } from './abilities.ts'
import { environmentSuite } from './environment.ts'
import { failureSuite } from './failures.ts'
import { lifeCycleSuite } from './life-cycle.ts'
import { limitSuite } from './limits.ts'
import { listingSuite } from './listing.ts'
import { mountSuite } from './mounts.ts'
import { outsideEventsSuite } from './outside-events.ts'
import { securitySuite } from './security.ts'
import type { BackendSuiteOptions } from './suite-options.ts'

/**
 * What every engine must do, against the real thing. Call it at the top of a test file.
 *
 * @example
 * ```ts
 * backendConformance('docker', {
 *   engine: 'docker',
 *   unavailable: await detectDocker(),
 *   open: openDocker,
 *   spec: (overrides) => ({ ...baseSpec(), ...overrides }),
 *   supports: { shell: true, mounts: true, images: { missing: 'localhost:1/none:none' } },
 * })
 * ```
 */
export function backendConformance<Backend extends ContainerBackend>(
  name: string,
  options: BackendSuiteOptions<Backend>,
): void {
  const { skip } = engineSuite(options.engine, options.unavailable)
  describe.skipIf(skip)(`ContainerBackend: ${name}`, { timeout: 60_000 }, () => {
    lifeCycleSuite(options)
    listingSuite(options)
    failureSuite(options)
    outsideEventsSuite(options)
    abilitySuite(options)
    environmentSuite(options)
    mountSuite(options)
    securitySuite(options)
    limitSuite(options)
  })
}
