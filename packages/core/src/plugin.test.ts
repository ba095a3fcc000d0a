import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { defineBackend, defineState, defineStorage } from './plugin.ts'

const parts = { name: 'mine', configSchema: z.object({ MINE_URL: z.string().default('x') }) }
const create = (): never => {
  throw new Error('not created here')
}

describe('definers', () => {
  it('make data of a kind, as it was given', () => {
    expect(defineBackend({ ...parts, create })).toEqual({ kind: 'backend', ...parts, create })
    expect(defineStorage({ ...parts, create })).toEqual({ kind: 'storage', ...parts, create })
    expect(defineState({ ...parts, create })).toEqual({ kind: 'state', ...parts, create })
  })
})
