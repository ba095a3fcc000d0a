import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { buildKey } from './build.mjs'
import { dependenciesKey } from './dependencies.mjs'
import { environmentKey } from './python-environment.mjs'
import { hashInputs, isStamped, writeStamp } from './stamp.mjs'
import { workspacePatterns } from './workspace.mjs'

let folder: string

beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'stamp-'))
  await write('pnpm-workspace.yaml', 'packages:\n  - packages/*\n  - bench\n\ncatalog:\n  - no/*\n')
  await write('package.json', '{}')
  await write('pnpm-lock.yaml', 'lock')
  await write('packages/one/package.json', '{ "scripts": { "build": "tsc" } }')
  await write('packages/one/src/index.ts', 'export {}')
  await write('bench/package.json', '{}')
})

afterEach(() => rm(folder, { recursive: true, force: true }))

async function write(file: string, content: string) {
  await mkdir(path.dirname(path.join(folder, file)), { recursive: true })
  await writeFile(path.join(folder, file), content)
}

test.each([
  ['pnpm-lock.yaml', 'other lock'],
  ['package.json', '{ "private": true }'],
  ['packages/one/package.json', '{ "scripts": { "build": "tsc" }, "private": true }'],
  ['packages/two/package.json', '{}'],
  ['bench/package.json', '{ "private": true }'],
  ['.npmrc', 'fund=false'],
])('the key of the dependencies and that of the build change with %s', async (file, content) => {
  const before = [dependenciesKey(folder), buildKey(folder)]
  await write(file, content)
  expect(dependenciesKey(folder)).not.toBe(before[0])
  expect(buildKey(folder)).not.toBe(before[1])
})

test.each(['packages/one/src/index.ts', 'packages/one/src/new.ts', 'packages/one/tsdown.config.ts', 'turbo.json'])(
  'the key of the build alone changes with %s',
  async (file) => {
    const before = [dependenciesKey(folder), buildKey(folder)]
    await write(file, 'changed')
    expect(dependenciesKey(folder)).toBe(before[0])
    expect(buildKey(folder)).not.toBe(before[1])
  },
)

test.each(['packages/one/src/index.test.ts', 'packages/one/README.md', 'packages/one/dist/index.js', 'bench/run.ts'])(
  'no key changes with %s',
  async (file) => {
    const before = [dependenciesKey(folder), buildKey(folder)]
    await write(file, 'changed')
    expect([dependenciesKey(folder), buildKey(folder)]).toEqual(before)
  },
)

test('content that moves from one file to another is a change', async () => {
  await write('a', 'xy')
  await write('b', '')
  const before = hashInputs(folder, ['a', 'b'])
  await write('a', 'x')
  await write('b', 'y')
  expect(hashInputs(folder, ['a', 'b'])).not.toBe(before)
})

test('a stamp holds for its key alone', () => {
  const stampFile = path.join(folder, 'stamps', 'one')
  expect(isStamped(stampFile, 'key')).toBe(false)
  writeStamp(stampFile, 'key')
  expect(isStamped(stampFile, 'key')).toBe(true)
  expect(isStamped(stampFile, 'other')).toBe(false)
})

test('a Python environment is named by version, interpreter and requirements', () => {
  const key = environmentKey('/usr/bin/python3', '3.11.2 (main)\n', 'ipython==9')
  expect(key).toMatch(/^3\.11\.2-[0-9a-f]{12}$/)
  expect(environmentKey('/opt/python3', '3.11.2 (main)\n', 'ipython==9')).not.toBe(key)
  expect(environmentKey('/usr/bin/python3', '3.11.2 (main)\n', 'ipython==8')).not.toBe(key)
})

test('the workspace is read as far as its list goes', () => {
  expect(workspacePatterns('packages:\n  - a/*\n  - b\n')).toEqual(['a/*', 'b'])
  expect(workspacePatterns('packages:\n  - a/*\ncatalog:\n  zod: 4\n')).toEqual(['a/*'])
})
