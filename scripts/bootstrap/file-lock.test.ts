import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { appendFile, mkdtemp, readFile, rm, utimes, writeFile } from 'node:fs/promises'
import { existsSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { withFileLock } from './file-lock.mjs'

let folder: string
let lockFile: string

beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'lock-'))
  lockFile = path.join(folder, 'deep', 'lock')
})

afterEach(() => rm(folder, { recursive: true, force: true }))

test('one at a time', async () => {
  let active = 0
  let most = 0
  const work = async () => {
    active += 1
    most = Math.max(most, active)
    await new Promise(setImmediate)
    active -= 1
  }
  await Promise.all(Array.from({ length: 5 }, () => withFileLock(lockFile, work)))
  expect(most).toBe(1)
  expect(existsSync(lockFile)).toBe(false)
})

test('is released when the work fails', async () => {
  await expect(withFileLock(lockFile, () => Promise.reject(new Error('no')))).rejects.toThrow('no')
  expect(await withFileLock(lockFile, () => Promise.resolve('yes'))).toBe('yes')
})

test('says once that it waits', async () => {
  let waits = 0
  const held = Promise.withResolvers<void>()
  const first = withFileLock(lockFile, () => held.promise)
  const onWait = () => {
    waits += 1
    held.resolve()
  }
  await withFileLock(lockFile, () => Promise.resolve(), { onWait })
  await first
  expect(waits).toBe(1)
})

test('takes over what a killed process left, one process only', async () => {
  await withFileLock(lockFile, () => Promise.resolve())
  await writeFile(lockFile, 'somebody')
  await utimes(lockFile, new Date(0), new Date(0))
  const log = path.join(folder, 'log')
  const module = new URL('file-lock.mjs', import.meta.url).href
  const script = `
    import { appendFileSync } from 'node:fs'
    import { withFileLock } from ${JSON.stringify(module)}
    await withFileLock(${JSON.stringify(lockFile)}, async () => {
      appendFileSync(${JSON.stringify(log)}, 'in ')
      await new Promise((resolve) => setTimeout(resolve, 20))
      appendFileSync(${JSON.stringify(log)}, 'out ')
    })`
  await appendFile(log, '')
  const children = Array.from({ length: 4 }, () => spawn(process.execPath, ['--input-type=module', '-e', script]))
  const codes = await Promise.all(children.map(async (child) => (await once(child, 'exit'))[0] as number))
  expect(codes).toEqual([0, 0, 0, 0])
  expect(await readFile(log, 'utf8')).toBe('in out '.repeat(4))
})
