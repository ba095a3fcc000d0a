import { describe, expect, it } from 'vitest'
import { managerCalls } from '@runtime-sandbox/protocol'
import type { WireClient } from './wire-client.ts'

const callNames = Object.keys(managerCalls)
const routeNames = callNames.flatMap((name) => [name, `${name}_async`])

export function accessTests(client: () => WireClient): void {
  describe('access', () => {
    it('there are 28 calls', () => {
      expect(routeNames).toHaveLength(28)
    })

    it.each(routeNames)('/%s asks for the token, in the words of the contract', async (name) => {
      const bare = await client().call(name, {}, { token: undefined })
      expect(bare).toMatchObject({ status: 401, body: { detail: 'Authentication required' } })
      expect(bare.headers.get('www-authenticate')).toBe('Bearer')
      const wrong = await client().call(name, {}, { token: 'wrong' })
      expect(wrong).toMatchObject({ status: 401, body: { detail: 'Invalid authentication credentials' } })
      expect(wrong.headers.get('www-authenticate')).toBe('Bearer')
    })

    it.each(routeNames)('/%s takes POST alone', async (name) => {
      const answer = await client().fetch(`/${name}`)
      expect([answer.status, await answer.json()]).toEqual([
        405,
        expect.objectContaining({ detail: 'Method Not Allowed' }),
      ])
    })

    it('takes the scheme in any case, and no other scheme', async () => {
      const keys = (authorization: string) =>
        client().call('list_session_keys', {}, { token: undefined, headers: { authorization } })
      expect((await keys('Basic dXNlcjpwYXNz')).body.detail).toBe('Authentication required')
      expect((await keys('Bearer')).status).toBe(401)
    })

    it('tells its health to anybody, and nothing else', async () => {
      const health = await client().fetch('/health', { token: undefined })
      expect(health.status).toBe(200)
      expect(await health.json()).toMatchObject({ status: 'healthy', version: "[<SandboxType.BASE: 'base'>]" })
      for (const path of ['/openapi.json', '/docs', '/metrics', '/proxy/x/healthz']) {
        expect((await client().fetch(path, { token: undefined })).status, path).toBe(401)
      }
    })

    it('does not know other paths, nor the file calls of the Python client', async () => {
      for (const path of ['/nope', '/fs_read', '/create/']) {
        const answer = await client().fetch(path, { method: 'POST', body: '{}' })
        expect([answer.status, await answer.json()], path).toEqual([
          404,
          expect.objectContaining({ detail: 'Not Found' }),
        ])
      }
    })
  })
}
