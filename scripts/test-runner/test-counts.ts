import type { SerializedError, TestModule } from 'vitest/node'

/** What a run of vitest amounts to. */
export type TestCounts = { passed: number; failed: number; skipped: number }

/**
 * Counts tests, and as a failure each whatever else went wrong: a file that does not load, a hook that throws (its tests
 * are merely skipped to vitest), a test that never ran to its end, an error that nobody caught.
 */
export function countTests(
  modules: readonly TestModule[],
  unhandledErrors: readonly SerializedError[],
  isComplete: boolean,
): TestCounts {
  const tests = modules.flatMap((module) => [...module.children.allTests()].map((test) => test.result().state))
  const count = (...states: string[]) => tests.filter((state) => states.includes(state)).length
  const suites = modules.flatMap((module) => [module, ...module.children.allSuites()])
  const brokenSuites = suites.filter((suite) => suite.errors().length > 0).length
  return {
    passed: count('passed'),
    failed: count('failed', 'pending') + brokenSuites + unhandledErrors.length + (isComplete ? 0 : 1),
    skipped: count('skipped'),
  }
}

/**
 * The last line of a run: `12 passed, 0 failed`, and `, 3 skipped` when some were.
 */
export function countLine({ passed, failed, skipped }: TestCounts): string {
  return `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`
}
