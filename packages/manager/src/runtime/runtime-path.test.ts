import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { SandboxError } from '@runtime-sandbox/core'
import { runtimeTarget } from './runtime-path.ts'

describe('runtimeTarget', () => {
  it.each([
    ['healthz', undefined, '/fastapi/healthz'],
    ['workspace/files:batch', undefined, '/fastapi/workspace/files:batch'],
    ['workspace/file', 'path=a/../b&format=text', '/fastapi/workspace/file?path=a/../b&format=text'],
    ['a/...b', '', '/fastapi/a/...b'],
    ['a%20b', 'x=%2e', '/fastapi/a%20b?x=%2e'],
    ['', undefined, '/fastapi/'],
  ])('%j ? %j → %j', (path, query, target) => {
    expect(runtimeTarget(path, query)).toBe(target)
  })

  it.each([
    '/etc',
    '//host/x',
    '..',
    '../x',
    'a/../../x',
    'a/./b',
    '%2e%2e/x',
    '.%2E/x',
    '%252e%252e/x',
    'a%2f..%2fb',
    'a%5c..%5cb',
    '..\\x',
    'a\\b',
    'a b',
    'a\r\nHost: evil',
    'a\0',
    'a%00',
  ])('refuses %j', (path) => {
    expect(() => runtimeTarget(path)).toThrow(SandboxError)
  })

  it('stays below the prefix as any URL parser sees it, for any path', () => {
    const pieces = fc.constantFrom(
      '.',
      '..',
      '/',
      '\\',
      '%2e',
      '%2E',
      '%252e',
      '%2f',
      '%5c',
      '?',
      '#',
      '@',
      ':',
      'a',
      '//',
      ';',
      '%',
    )
    const path = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.array(pieces).map((parts) => parts.join('')),
    )
    fc.assert(
      fc.property(path, (text) => {
        let target: string
        try {
          target = runtimeTarget(text)
        } catch {
          return
        }
        const url = new URL(`http://sandbox${target}`)
        expect(url.host).toBe('sandbox')
        expect(url.pathname.startsWith('/fastapi/')).toBe(true)
        expect(target).toMatch(/^[\u0021-\u007e]+$/)
      }),
      { numRuns: 1000 },
    )
  })
})
