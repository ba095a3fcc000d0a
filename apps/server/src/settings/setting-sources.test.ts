import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { collectSettings, readSettingSources, type Environment } from './setting-sources.ts'

let directory: string
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'settings-'))
})
afterEach(() => rmSync(directory, { recursive: true }))

const write = (name: string, text: string) => writeFileSync(join(directory, name), text)

function read(environment: Environment, more: { configFile?: string; flags?: Environment } = {}) {
  const { layers, file } = readSettingSources({ environment, directory, ...more })
  return { values: collectSettings(['HOST', 'PORT', 'POOL_SIZE'], layers), file, environment }
}

describe('precedence', () => {
  it('the environment alone', () => {
    expect(read({ PORT: '1' })).toMatchObject({ values: { PORT: '1' }, file: undefined })
  })

  it('.env does not override the environment', () => {
    write('.env', 'PORT=2\nPOOL_SIZE=3')
    write('.env.example', 'PORT=9\nHOST=example')
    const { values, file, environment } = read({ PORT: '1' })
    expect(values).toEqual({ PORT: '1', POOL_SIZE: '3' })
    expect(file).toBe(join(directory, '.env'))
    expect(environment).toEqual({ PORT: '1', POOL_SIZE: '3' })
  })

  it('.env.example is read when there is no .env', () => {
    write('.env.example', 'PORT=9')
    expect(read({})).toMatchObject({ values: { PORT: '9' }, file: join(directory, '.env.example') })
  })

  it('--config overrides the environment, and is the only file', () => {
    write('.env', 'HOST=unread')
    write('my.env', 'PORT=2')
    const { values, environment } = read({ PORT: '1', POOL_SIZE: '4' }, { configFile: 'my.env' })
    expect(values).toEqual({ PORT: '2', POOL_SIZE: '4' })
    expect(environment).toEqual({ PORT: '2', POOL_SIZE: '4' })
  })

  it('flags win over everything', () => {
    write('my.env', 'PORT=2')
    expect(read({ PORT: '1' }, { configFile: 'my.env', flags: { PORT: '3', HOST: undefined } }).values).toEqual({
      PORT: '3',
    })
  })

  it('holds also for names that are written in other cases', () => {
    write('my.env', 'port=2')
    expect(read({ PORT: '1' }, { configFile: 'my.env' }).values).toEqual({ PORT: '2' })
    write('.env', 'POOL_SIZE=5')
    expect(read({ pool_size: '4' }).values).toEqual({ POOL_SIZE: '4' })
    expect(read({ port: '6', PORT: '7', Port: '8' }).values).toMatchObject({ PORT: '7' })
  })
})

describe('files that cannot be used', () => {
  it('a --config that does not exist', () => {
    expect(() => read({}, { configFile: 'none.env' })).toThrow('Error: Config file none.env does not exist')
  })

  it('a --config that is a directory', () => {
    expect(() => read({}, { configFile: '.' })).toThrow(/cannot be read/)
  })

  it('lines that are no settings, without their text', () => {
    write('.env', 'PORT=1\n%%secret%%\n"x')
    const failure = (() => {
      try {
        read({})
        return ''
      } catch (error) {
        return (error as Error).message
      }
    })()
    expect(failure).toBe(
      `${join(directory, '.env')}: line 2 is not NAME=value\n${join(directory, '.env')}: line 3 is not NAME=value`,
    )
  })
})
