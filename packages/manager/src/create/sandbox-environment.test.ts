import { describe, expect, it } from 'vitest'
import { sandboxEnvironment } from './sandbox-environment.ts'

const invalid = (message: RegExp) =>
  expect.objectContaining({ code: 'invalid_argument', message: expect.stringMatching(message) })

describe('sandboxEnvironment', () => {
  it('overlays the type by the request', () => {
    const environment = sandboxEnvironment({ type: { A: '1', B: '1' }, request: { B: '2', C: '' } })
    expect(environment).toEqual({ A: '1', B: '2', C: '' })
  })

  it.each(['SECRET_TOKEN', 'SECRET_TOKEN_FD', 'NGINX_TIMEOUT', 'WORKSPACE_DIR', 'RUNTIME_', 'RUNTIME_ANYTHING'])(
    'lets no request set %s',
    (name) => {
      expect(() => sandboxEnvironment({ type: {}, request: { [name]: 'x' } })).toThrow(invalid(/is set by the server/))
    },
  )

  it.each(['SECRET_TOKEN', 'SECRET_TOKEN_FD'])('lets no type set %s', (name) => {
    expect(() => sandboxEnvironment({ type: { [name]: 'x' } })).toThrow(invalid(/is set by the server/))
  })

  it('lets a type set what the runtime reads', () => {
    expect(sandboxEnvironment({ type: { WORKSPACE_DIR: '/app' } })).toEqual({ WORKSPACE_DIR: '/app' })
  })

  it.each(['', 'A=B', 'A B', '1A', 'A\0', 'ü', 'A'.repeat(257), '__proto__ '])('refuses the name %j', (name) => {
    expect(() => sandboxEnvironment({ type: {}, request: { [name]: 'x' } })).toThrow(invalid(/not a name/))
  })

  it.each([
    ['null', null, /"A" must be a string/],
    ['a number', 1, /"A" must be a string/],
    ['an object', {}, /"A" must be a string/],
    ['a NUL byte', 'a\0b', /NUL/],
    ['an absurd size', 'x'.repeat(200_000), /at most/],
  ])('refuses %s as a value', (_, value, message) => {
    expect(() => sandboxEnvironment({ type: {}, request: { A: value } })).toThrow(invalid(message))
  })

  it('refuses an absurd number of variables', () => {
    const request = Object.fromEntries(Array.from({ length: 257 }, (_, i) => [`V${i}`, '']))
    expect(() => sandboxEnvironment({ type: {}, request })).toThrow(invalid(/at most 256/))
  })
})
