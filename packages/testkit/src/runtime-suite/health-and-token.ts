import { describe, expect, it } from 'vitest'
import { callerOf, type RuntimeUnderTest } from './runtime-under-test.ts'

export function healthAndToken(runtime: () => RuntimeUnderTest): void {
  const { send } = callerOf(runtime)

  describe('health and token', () => {
    it('answers OK, bare and under its prefix', async () => {
      for (const path of ['/healthz', '/fastapi/healthz']) {
        const response = await send(path)
        expect(response.status).toBe(200)
        expect(await response.text()).toBe('OK')
      }
    })

    it.each<[Record<string, string>, string]>([
      [{}, 'Missing or invalid authorization header'],
      [{ authorization: 'Basic abc' }, 'Missing or invalid authorization header'],
      [{ authorization: 'bearer lower' }, 'Missing or invalid authorization header'],
      [{ authorization: 'Bearer wrong' }, 'Invalid secret token'],
    ])('refuses %o on every route', async (headers, detail) => {
      for (const path of ['/healthz', '/fastapi/tools/run_shell_command', '/workspace/list?path=', '/mcp/list_tools']) {
        const response = await runtime().fetch(path, { headers, method: path.includes('tools') ? 'POST' : 'GET' })
        expect(response.status, path).toBe(403)
        expect(await response.json(), path).toEqual({ detail })
      }
    })

    it('does not know other routes', async () => {
      expect((await send('/nothing')).status).toBe(404)
      expect((await send('/fastapi/fastapi/healthz')).status).toBe(404)
    })
  })
}
