import { readdir, readFile } from 'node:fs/promises'
import { describe, expect, it, vi } from 'vitest'
import { environmentVariable } from './environment.ts'

const folder = new URL('.', import.meta.url)
const sources = (await readdir(folder)).filter((name) => !/\.(test|fixture)\.ts$/.test(name))

describe('every platform with fetch', () => {
  it.each(sources)('can run %s', async (name) => {
    const source = await readFile(new URL(name, folder), 'utf8')
    expect(source).not.toMatch(/from '(node:|ws|undici)|\bBuffer\b|\brequire\(/)
    // Downlevelled it needs Symbol.dispose, which not every platform has.
    expect(source).not.toMatch(/^\s*(await )?using /m)
    expect(/\bprocess\??\.\w/.test(source), 'reads the process').toBe(name === 'environment.ts')
  })
})

describe('environmentVariable', () => {
  it('is undefined where there are none, or none that may be read', () => {
    vi.stubGlobal('process', undefined)
    expect(environmentVariable('PATH')).toBeUndefined()
    const forbidden = new Proxy(
      {},
      {
        get: () => {
          throw new Error('no permission')
        },
      },
    )
    vi.stubGlobal('process', { env: forbidden })
    expect(environmentVariable('PATH')).toBeUndefined()
    vi.unstubAllGlobals()
    expect(environmentVariable('PATH')).toBe(process.env['PATH'])
  })
})
