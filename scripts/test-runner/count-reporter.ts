import { writeFileSync } from 'node:fs'
import type { Reporter } from 'vitest/node'
import { countTests } from './test-counts.ts'

/** Environment variable that names the file into which the counts go, as JSON. */
export const countsFileVariable = 'TEST_COUNTS_FILE'

/** Vitest reporter that leaves the true counts for the runner. */
export default class CountReporter implements Reporter {
  onTestRunEnd: NonNullable<Reporter['onTestRunEnd']> = (modules, unhandledErrors, reason) => {
    const file = process.env[countsFileVariable]
    if (file === undefined) return
    writeFileSync(file, JSON.stringify(countTests(modules, unhandledErrors, reason !== 'interrupted')))
  }
}
