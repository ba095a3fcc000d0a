import { describe, expect, test } from 'vitest'
import { conclude, requiredNames } from './conclude.ts'
import type { Engine } from './engines.ts'
import { mayUseContainers, mayUsePythonClient } from './engines.ts'
import { SkippedEngines } from './skipped-engines.ts'
import { countLine } from './test-counts.ts'

const engines: Engine[] = [
  { name: 'local', problem: undefined },
  { name: 'docker', problem: 'no Docker engine answers' },
]
const green = { counts: { passed: 4, failed: 0, skipped: 2 }, exitCode: 0, skippedEngines: ['docker: nobody answers'] }

describe('conclude', () => {
  test('a green run is a success that names what was skipped', () => {
    expect(conclude(green, engines, [])).toEqual({
      counts: green.counts,
      notes: ['SKIPPED docker: nobody answers'],
      exitCode: 0,
    })
  })

  test('a missing engine that is required is a failure', () => {
    const { counts, notes, exitCode } = conclude(green, engines, ['docker', 'local'])
    expect(counts.failed).toBe(1)
    expect(notes.at(-1)).toBe('FAILED REQUIRE names docker: no Docker engine answers')
    expect(exitCode).toBe(1)
  })

  test.each([
    ['nothing ran', { counts: { passed: 0, failed: 0, skipped: 7 }, exitCode: 0 }],
    ['vitest did not start', { counts: undefined, exitCode: 1 }],
    ['vitest failed without a failed test', { counts: green.counts, exitCode: 1 }],
    ['a test failed', { counts: { passed: 4, failed: 1, skipped: 0 }, exitCode: 1 }],
  ])('is a failure when %s', (_title, run) => {
    const conclusion = conclude({ ...run, skippedEngines: [] }, [], [])
    expect(conclusion.exitCode).toBe(1)
    expect(conclusion.counts.failed).toBe(1)
  })
})

test('REQUIRE is a list with or without blanks', () => {
  expect(requiredNames(' docker, local,')).toEqual(['docker', 'local'])
  expect(requiredNames(undefined)).toEqual([])
})

test('the last line names skips only when there are some', () => {
  expect(countLine({ passed: 12, failed: 0, skipped: 0 })).toBe('12 passed, 0 failed')
  expect(countLine({ passed: 12, failed: 1, skipped: 3 })).toBe('12 passed, 1 failed, 3 skipped')
})

test('skip lines are found across pieces of the stream, each once', () => {
  const skipped = new SkippedEngines()
  for (const piece of ['noise\nSKIP', 'PED docker: no eng', 'ine\nSKIPPED docker: no engine\nnot SKIPPED x: y\n']) {
    skipped.add(piece)
  }
  expect(skipped.all).toEqual(['docker: no engine'])
})

test('the base image is left alone when no selected suite can use it', () => {
  expect(mayUseContainers([])).toBe(true)
  expect(mayUseContainers(['--bail=1'])).toBe(true)
  expect(mayUseContainers(['packages/core'])).toBe(false)
  expect(mayUseContainers(['packages/core', 'tests/e2e'])).toBe(true)
})

test("the client's environment is left alone when its suite is not selected", () => {
  expect(mayUsePythonClient([])).toBe(true)
  expect(mayUsePythonClient(['tests/python-client'])).toBe(true)
  expect(mayUsePythonClient(['packages/core', 'tests/e2e/wire'])).toBe(false)
})
