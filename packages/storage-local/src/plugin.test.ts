import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { silentLogger, systemClock } from '@runtime-sandbox/core'
import definition, { localStorage } from './index.ts'

const context = { logger: silentLogger, clock: systemClock }

describe('localStorage', () => {
  it('is a storage named local', () => {
    expect(definition).toBe(localStorage)
    expect(definition).toMatchObject({ kind: 'storage', name: 'local' })
  })

  it('is confined to STORAGE_FOLDER where that is absolute and nothing else is said', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'storage-plugin-'))
    onTestFinished(() => rm(folder, { recursive: true }))
    await writeFile(join(folder, 'file'), '')
    const storage = await localStorage.create(localStorage.configSchema.parse({ STORAGE_FOLDER: folder }), context)
    await storage.upload(join(folder, '../no-such-workspace'), `${folder}/session`)
    await expect(storage.download('/etc', join(folder, 'x'))).rejects.toMatchObject({ code: 'invalid_argument' })
    expect(await readdir(folder)).toEqual(['file'])
  })

  it('never reaches the whole host, whatever is set', async () => {
    for (const settings of [
      {},
      { STORAGE_FOLDER: 'kept' },
      { LOCAL_STORAGE_DIR: '' },
      { LOCAL_STORAGE_DIR: '/data' },
    ]) {
      const storage = await localStorage.create(localStorage.configSchema.parse(settings), context)
      await expect(storage.download('/etc', '/dev/null/never-made')).rejects.toMatchObject({ code: 'invalid_argument' })
    }
  })

  it.each([
    [{ LOCAL_STORAGE_DIR: '/data', STORAGE_FOLDER: '/data/kept' }, true],
    [{ LOCAL_STORAGE_DIR: '/data', STORAGE_FOLDER: 'kept' }, true],
    [{ LOCAL_STORAGE_DIR: '/data', STORAGE_FOLDER: '/elsewhere' }, false],
    [{ LOCAL_STORAGE_DIR: '/data', STORAGE_FOLDER: '../kept' }, false],
  ])('%j is fine: %s', (settings, fine) => {
    const parsed = localStorage.configSchema.safeParse(settings)
    expect(parsed.success).toBe(fine)
    expect(parsed.error?.issues[0]?.path).toEqual(fine ? undefined : ['STORAGE_FOLDER'])
  })
})
