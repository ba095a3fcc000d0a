import { afterEach, describe, expect, it, vi } from 'vitest'
import { SandboxError } from '@runtime-sandbox/core'
import { parseRetryAfter, retryPauseMs } from './retry-policy.ts'

const lost = new SandboxError('server_unreachable', 'gone')
const ample = { retries: 10, remainingMs: 300_000 }

afterEach(() => {
  vi.restoreAllMocks()
})

describe('retryPauseMs', () => {
  it('doubles up to 5 seconds, and half of it is chance', () => {
    const pauses = (random: number) => {
      vi.spyOn(Math, 'random').mockReturnValue(random)
      return [1, 2, 3, 5, 10].map((attempt) => retryPauseMs(lost, { ...ample, attempt }))
    }
    expect(pauses(0)).toEqual([125, 250, 500, 2000, 2500])
    expect(pauses(1)).toEqual([250, 500, 1000, 4000, 5000])
  })

  it('is never shorter than what the server asks', () => {
    const failure = new SandboxError('starting', 'soon', { details: { status: 503, retryAfterMs: 7000 } })
    expect(retryPauseMs(failure, { ...ample, attempt: 1 })).toBe(7000)
  })

  it.each([
    ['what is no SandboxError', new Error('x'), {}],
    ['nothing', undefined, {}],
    ['a mistake of the caller', new SandboxError('invalid_argument', 'x'), {}],
    ['the last attempt', lost, { retries: 0 }],
    ['too little time', lost, { remainingMs: 100 }],
    ['a deadline that was met already', new SandboxError('sandbox_timeout', 'x'), {}],
  ])('is none after %s', (_, failure, more) => {
    expect(retryPauseMs(failure, { ...ample, attempt: 1, ...more })).toBeUndefined()
  })
})

describe('parseRetryAfter', () => {
  it('takes seconds and dates', () => {
    expect(parseRetryAfter('3')).toBe(3000)
    expect(parseRetryAfter(new Date(Date.now() + 10_000).toUTCString())).toBeGreaterThan(8000)
    expect(parseRetryAfter('Thu, 01 Jan 1970 00:00:00 GMT')).toBe(0)
    expect([parseRetryAfter(null), parseRetryAfter('soon'), parseRetryAfter('-1e')]).toEqual([
      undefined,
      undefined,
      undefined,
    ])
  })
})
