import { describe } from 'vitest'
import { capacityTests } from './capacity.ts'
import { expiryTests } from './expiry.ts'
import { historyTests } from './histories.ts'
import { leaseTests } from './leases.ts'
import { lifetimeTests } from './lifetime.ts'
import { listingTests } from './listing.ts'
import { poolTests } from './pools.ts'
import { portTests } from './ports.ts'
import { recordTests } from './records.ts'
import { recyclingTests } from './recycling.ts'
import { sessionTests } from './sessions.ts'
import type { StateHarness } from './state-harness.ts'

/**
 * Everything that a StateStore promises. Call it at the top of a test file.
 *
 * @example
 * stateConformance('memory', {
 *   async open() {
 *     const clock = createFakeClock()
 *     return { store: createMemoryState({ clock }), passTime: (ms) => clock.advance(ms) }
 *   },
 * })
 */
export function stateConformance(name: string, harness: StateHarness): void {
  describe.skipIf(harness.skip ?? false)(`state store ${name}`, () => {
    recordTests(harness)
    listingTests(harness)
    capacityTests(harness)
    poolTests(harness)
    sessionTests(harness)
    recyclingTests(harness)
    expiryTests(harness)
    portTests(harness)
    leaseTests(harness)
    lifetimeTests(harness)
    historyTests(harness)
  })
}
