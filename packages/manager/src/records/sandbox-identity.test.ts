import { describe, expect, it } from 'vitest'
import { isOwnName, isSessionId, newSessionId, newToken } from './sandbox-identity.ts'

describe('identities', () => {
  it('are 25 characters of base 36, and never the same', () => {
    const ids = Array.from({ length: 500 }, newSessionId)
    expect(ids.every((id) => /^[0-9a-z]{25}$/.test(id))).toBe(true)
    expect(new Set(ids).size).toBe(500)
  })

  it('have tokens of 32 hexadecimal characters', () => {
    expect(newToken()).toMatch(/^[0-9a-f]{32}$/)
    expect(newToken()).not.toBe(newToken())
  })

  it.each(['', '..', 'a/b', 'A', 'a b', '../../etc', 'a'.repeat(65)])('%j is no session id', (text) => {
    expect(isSessionId(text)).toBe(false)
  })

  it('belong to one deployment, also when prefixes overlap', () => {
    expect(isOwnName('box-abc', 'box-')).toBe(true)
    expect(isOwnName('box-two-abc', 'box-')).toBe(false)
    expect(isOwnName('other-abc', 'box-')).toBe(false)
  })
})
