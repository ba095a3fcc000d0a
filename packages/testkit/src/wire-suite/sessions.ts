import { describe, expect, it } from 'vitest'
import type { WireClient } from './wire-client.ts'

/** Calls whose twins the Python client sends `{"args": <first positional argument>}`. */
export function sessionTests(client: () => WireClient): void {
  describe('sessions', () => {
    it('get_session_mapping and list_session_keys tell what a session has', async () => {
      const [one, two] = [await client().sandbox('pair'), await client().sandbox('pair')]
      for (const suffix of ['', '_async']) {
        expect(await client().data(`get_session_mapping${suffix}`, { session_ctx_id: 'pair' })).toEqual([one, two])
        expect(await client().data(`get_session_mapping${suffix}`, { session_ctx_id: 'nobody' })).toEqual([])
        expect(await client().data<string[]>(`list_session_keys${suffix}`)).toContain('pair')
      }
      await client().data('release', { identity: one })
      expect(await client().data('get_session_mapping', { session_ctx_id: 'pair' })).toEqual([two])
      await client().data('release', { identity: two })
      expect(await client().data<string[]>('list_session_keys')).not.toContain('pair')
    })

    it('takes {"args": …} of Python clients on the eight twins that they send it to', async () => {
      const identity = await client().data<string>('create_from_pool_async', { args: 'base' })
      const cold = await client().data<string>('create_async', { args: 'base' })
      expect(await client().data('get_info_async', { args: identity })).toMatchObject({ container_name: identity })
      expect(await client().data('get_status_async', { args: identity })).toBe('running')
      expect(await client().data('stop_async', { args: identity })).toBe(true)
      expect(await client().data('start_async', { args: identity })).toBe(true)
      expect(await client().data('get_session_mapping_async', { args: 'nobody' })).toEqual([])
      for (const name of [identity, cold]) await client().data('release', { identity: name })
    })

    it('and nowhere else', async () => {
      for (const name of ['get_info', 'release_async', 'call_tool_async']) {
        const answer = await client().call(name, { args: 'x' })
        expect([name, answer.status]).toEqual([name, 422])
        expect(answer.body.detail).toMatch(/unexpected keyword argument 'args'|missing 1 required/)
      }
    })

    it.each(['', '_async'])('cleanup%s ends everything', async (suffix) => {
      const names = [await client().sandbox(), await client().sandbox()]
      expect(await client().data(`cleanup${suffix}`)).toBeNull()
      for (const identity of names) {
        expect(await client().data('get_info', { identity })).toMatchObject({ state: 'released' })
        expect(await client().data('get_status', { identity })).toBeNull()
      }
      expect(await client().data('list_session_keys')).toEqual([])
    })
  })
}
