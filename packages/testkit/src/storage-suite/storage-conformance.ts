import { describe } from 'vitest'
import { bulkTests } from './bulk.ts'
import { incrementalTests } from './incremental.ts'
import { refusalTests } from './refusals.ts'
import { roundTripTests } from './round-trip.ts'
import type { StorageHarness } from './storage-harness.ts'

/**
 * Everything that a WorkspaceStorage promises. Call it at the top of a test file.
 *
 * @example
 * storageConformance('local', {
 *   async open() {
 *     const rootDirectory = await mkdtemp(join(tmpdir(), 'storage-'))
 *     const dispose = () => rm(rootDirectory, { recursive: true })
 *     return { storage: createLocalStorage({ rootDirectory }), dispose }
 *   },
 * })
 */
export function storageConformance(name: string, harness: StorageHarness): void {
  describe.skipIf(harness.skip ?? false)(`workspace storage ${name}`, () => {
    roundTripTests(harness)
    incrementalTests(harness)
    bulkTests(harness)
    refusalTests(harness)
  })
}
