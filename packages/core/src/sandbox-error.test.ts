import { describe, expect, it, vi } from 'vitest'
import { errorKind, errorTable, type ErrorCode } from './error-table.ts'
import { SandboxError, isErrorCode } from './sandbox-error.ts'

describe('SandboxError', () => {
  it('tells code, message, cause and details, and what the table says', () => {
    const cause = new Error('beneath')
    const error = new SandboxError('limit_reached', 'too many', { cause, details: { limit: 3 } })
    expect(error).toMatchObject({ name: 'SandboxError', code: 'limit_reached', message: 'too many', cause })
    expect([error.status, error.retryable, error.details]).toEqual([429, true, { limit: 3 }])
    expect(error.remediation).toContain('MAX_SANDBOX_INSTANCES')
    expect(error).toBeInstanceOf(Error)
  })

  it('tells the request that failed, where one is known', () => {
    expect(new SandboxError('internal', 'x', { details: { requestId: 'r1' } }).requestId).toBe('r1')
    expect(new SandboxError('internal', 'x', { details: { requestId: 1 } }).requestId).toBeUndefined()
    expect(new SandboxError('internal', 'x').requestId).toBeUndefined()
  })

  it('has no cause unless one is given', () => {
    expect('cause' in new SandboxError('internal', 'x')).toBe(false)
    expect(new SandboxError('internal', 'x').details).toEqual({})
  })

  it('is known by its brand, also when another copy of the package made it', async () => {
    vi.resetModules()
    const copy = await import('./sandbox-error.ts')
    const foreign: unknown = new copy.SandboxError('conflict', 'theirs')
    expect(foreign).not.toBeInstanceOf(SandboxError)
    expect(SandboxError.is(foreign)).toBe(true)
    expect([SandboxError.is(foreign, 'conflict'), SandboxError.is(foreign, 'internal')]).toEqual([true, false])
    expect(SandboxError.from(foreign)).toBe(foreign)
  })

  it.each([undefined, null, 'conflict', 1, {}, { code: 'conflict' }, new Error('x')])(
    'does not take %s for one',
    (value) => {
      expect(SandboxError.is(value)).toBe(false)
    },
  )

  it('is made of anything that was thrown', () => {
    const thrown = new Error('oops')
    expect(SandboxError.from(thrown)).toMatchObject({ code: 'internal', message: 'oops', cause: thrown })
    expect(SandboxError.from('text')).toMatchObject({ code: 'internal', message: 'text', cause: 'text' })
  })
})

describe('the error table', () => {
  it.each(Object.keys(errorTable) as ErrorCode[])('%s can be told to a client', (code) => {
    const { status, remediation, retryable } = errorKind(code)
    expect(code).toMatch(/^[a-z]+(_[a-z]+)*$/)
    expect(status).toBeGreaterThanOrEqual(400)
    expect(remediation).toMatch(/\.$/)
    // What the client did wrong does not become right by itself.
    expect(retryable && status < 409).toBe(false)
    expect(retryable || status !== 503).toBe(true)
  })

  it('knows its codes and no inherited ones', () => {
    expect(['conflict', 'toString', '__proto__', '', 409, undefined].map(isErrorCode)).toEqual([
      true,
      false,
      false,
      false,
      false,
      false,
    ])
  })
})
