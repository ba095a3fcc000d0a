import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { runVitest } from './run-vitest.ts'

let folder: string

beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'run-vitest-'))
  await writeFile(path.join(folder, 'vitest.config.mjs'), 'export default { test: { globals: true } }')
})

afterEach(() => rm(folder, { recursive: true, force: true }))

/** Runs the given test files, as sources by name, in a vitest of their own. */
async function run(files: Record<string, string>) {
  for (const [name, source] of Object.entries(files)) await writeFile(path.join(folder, `${name}.test.mjs`), source)
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/VITE|^TEST$|^NODE_/.test(name)))
  const config = path.join(folder, 'vitest.config.mjs')
  return await runVitest(['--root', folder, '--config', config, '--silent'], { env, isQuiet: true })
}

test('counts what passed and what was skipped', async () => {
  const result = await run({
    good: 'test("a", () => {}); test("b", () => {}); test.skip("c", () => {}); test.todo("d")',
    absent:
      'process.stderr.write("SKIPPED docker: no engine answers\\n"); describe.skip("s", () => test("e", () => {}))',
  })
  expect(result).toEqual({
    counts: { passed: 2, failed: 0, skipped: 3 },
    exitCode: 0,
    skippedEngines: ['docker: no engine answers'],
  })
})

test('counts every way in which a suite can fail', async () => {
  const result = await run({
    good: 'test("a", () => {})',
    assertion: 'test("b", () => { expect(1).toBe(2) })',
    broken: 'throw new Error("does not load")',
    hook: 'describe("s", () => { beforeAll(() => { throw new Error("hook") }); test("c", () => {}); test("d", () => {}) })',
    teardown: 'afterAll(() => { throw new Error("teardown") }); test("e", () => {})',
    unhandled: 'test("f", async () => { Promise.reject(new Error("nobody")); await new Promise(setImmediate) })',
  })
  expect(result.exitCode).toBe(1)
  expect(result.counts).toEqual({ passed: 3, failed: 5, skipped: 2 })
})

test('has no counts to show for a vitest that does not start', async () => {
  const result = await runVitest(['--config', path.join(folder, 'missing.mjs')], { env: process.env, isQuiet: true })
  expect(result.counts).toBeUndefined()
  expect(result.exitCode).not.toBe(0)
})
