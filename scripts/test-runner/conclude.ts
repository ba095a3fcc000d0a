import type { Engine } from './engines.ts'
import type { VitestRun } from './run-vitest.ts'
import type { TestCounts } from './test-counts.ts'

/** What to tell at the end of a run. */
export type Conclusion = { counts: TestCounts; notes: string[]; exitCode: 0 | 1 }

/** Names that the variable REQUIRE holds: `docker,local`. */
export function requiredNames(require: string | undefined): string[] {
  return (require ?? '')
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '')
}

/**
 * Adds to what vitest counted what it cannot know: a required engine that is missing, a run without a single test, an
 * exit code that no failed test explains. None of these may look like success.
 */
export function conclude(run: VitestRun, engines: readonly Engine[], required: readonly string[]): Conclusion {
  const counts = run.counts ?? { passed: 0, failed: 0, skipped: 0 }
  const missing = engines.filter(({ name, problem }) => problem !== undefined && required.includes(name))
  const failures = missing.map(({ name, problem }) => `FAILED REQUIRE names ${name}: ${problem}`)
  if (counts.passed + counts.failed === 0) failures.push('FAILED no test ran')
  else if (run.exitCode !== 0 && counts.failed === 0) failures.push(`FAILED vitest ended with code ${run.exitCode}`)
  const failed = counts.failed + failures.length
  const skips = run.skippedEngines.map((line) => `SKIPPED ${line}`)
  return { counts: { ...counts, failed }, notes: [...skips, ...failures], exitCode: failed === 0 ? 0 : 1 }
}
