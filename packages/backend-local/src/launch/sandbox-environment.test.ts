import { describe, expect, it } from 'vitest'
import { sandboxEnvironment } from './sandbox-environment.ts'

const python = { executable: '/opt/python/bin/python3', version: '3.12.0', prefixes: ['/opt/python'] }

describe('sandboxEnvironment', () => {
  it('never has the token, and takes what the engine decides from nobody', () => {
    const given = { SECRET_TOKEN: 'secret', SECRET_TOKEN_FD: '0', RUNTIME_SOCKET: '/elsewhere', WORKSPACE_DIR: '/' }
    const environment = sandboxEnvironment(given, python)
    expect(JSON.stringify(environment)).not.toContain('secret')
    expect(environment).toMatchObject({
      SECRET_TOKEN_FD: '3',
      RUNTIME_SOCKET: '/run/runtime-sandbox/runtime.sock',
      WORKSPACE_DIR: '/workspace',
    })
  })

  it('lets a type change what is only a default', () => {
    const environment = sandboxEnvironment({ LANG: 'de_DE.UTF-8', NGINX_TIMEOUT: '90' }, python)
    expect(environment).toMatchObject({ LANG: 'de_DE.UTF-8', NGINX_TIMEOUT: '90', HOME: '/home/sandbox' })
  })

  it('finds the same Python in a shell as in a cell', () => {
    expect(sandboxEnvironment({}, python)).toMatchObject({
      PATH: expect.stringMatching(/^\/opt\/python\/bin:.*:\/opt\/runtime-sandbox\/bin$/),
      RUNTIME_PYTHON: '/opt/python/bin/python3',
    })
    const system = sandboxEnvironment({}, { ...python, executable: '/usr/bin/python3', prefixes: [] })
    expect(system['PATH']?.split(':').filter((directory) => directory === '/usr/bin')).toHaveLength(1)
  })

  it.each([
    ['', 'x'],
    ['A=B', 'x'],
    ['A\0', 'x'],
    ['A', 'x\0--bind'],
  ])('refuses the variable %j = %j', (name, value) => {
    expect(() => sandboxEnvironment({ [name]: value }, python)).toThrow(
      expect.objectContaining({ code: 'invalid_argument' }),
    )
  })
})
