import { describe, expect, it } from 'vitest'
import { redactProblem } from './redact.ts'

describe('a problem with a secret', () => {
  it.each(['BEARER_TOKEN', 'REDIS_PASSWORD', 'FC_ACCESS_KEY_SECRET', 'AGENT_RUN_ACCESS_KEY_ID', 'MY_API_KEY'])(
    '%s',
    (name) => {
      expect(redactProblem(name, 'not a number: "abc" (abc)', 'abc')).toBe('not a number: (not shown) ((not shown))')
    },
  )

  it('of an open setting shows its value', () => {
    expect(redactProblem('PORT', 'not a number: "abc"', 'abc')).toBe('not a number: "abc"')
    expect(redactProblem('BEARER_TOKEN', 'is empty', undefined)).toBe('is empty')
  })
})
