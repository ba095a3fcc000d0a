import { describe, expect, it } from 'vitest'
import { sessionMeta } from './session-meta.ts'

describe('sessionMeta', () => {
  it('mirrors the session that meta names', () => {
    const meta = { session_ctx_id: 'S', other: [1] }
    expect(sessionMeta(meta)).toEqual({ meta, sessionContextId: 'S' })
  })

  it.each([[undefined], [{}], [{ session_ctx_id: null }]])('has no session in %j', (meta) => {
    expect(sessionMeta(meta).sessionContextId).toBeNull()
  })

  it('keeps a copy', () => {
    const meta = { list: [1] }
    const kept = sessionMeta(meta).meta
    meta.list.push(2)
    expect(kept).toEqual({ list: [1] })
  })

  const circular: Record<string, unknown> = {}
  circular['self'] = circular

  it.each([
    ['a session that is a number', { session_ctx_id: 1 }],
    ['an empty session', { session_ctx_id: '' }],
    ['a session of absurd length', { session_ctx_id: 'x'.repeat(257) }],
    ['absurd size', { x: 'x'.repeat(70_000) }],
    ['a list', [] as unknown as Record<string, unknown>],
    ['a circle', circular],
  ])('refuses %s', (_, meta) => {
    expect(() => sessionMeta(meta)).toThrow(expect.objectContaining({ code: 'invalid_argument' }))
  })
})
