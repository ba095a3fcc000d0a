import { createHash, randomBytes } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { WireClient } from './wire-client.ts'

const megabyte = 2 ** 20
const sha = (data: Uint8Array) => createHash('sha256').update(data).digest('hex')

export function proxyTests(client: () => WireClient): void {
  describe('/proxy', () => {
    let identity: string
    const ask = (path: string, init: Omit<RequestInit, 'headers'> = {}) =>
      client().fetch(`/proxy/${identity}/${path}`, init)

    beforeAll(async () => {
      identity = await client().sandbox()
    })
    afterAll(async () => {
      await client().data('release', { identity })
    })

    it('reaches every route of the runtime, with its own token in place of the server’s', async () => {
      expect(await (await ask('healthz')).text()).toBe('OK')
      const ran = await ask('tools/run_shell_command', { method: 'POST', body: '{"command":"echo hi"}' })
      expect(await ran.json()).toMatchObject({ content: [{ text: 'hi\n' }, { text: '0' }] })
      expect(await (await ask('mcp/list_tools')).json()).toEqual(expect.any(Object))
      expect((await ask('watcher/git_logs')).status).toBeLessThan(600)
    })

    it('streams a file up and down, unchanged', async () => {
      const data = randomBytes(20 * megabyte)
      const put = await ask('workspace/file?path=big', { method: 'PUT', body: data })
      expect(await put.json()).toMatchObject({ name: 'big', type: 'file', size: data.length })
      const got = await ask('workspace/file?path=big&format=bytes')
      expect(sha(new Uint8Array(await got.arrayBuffer()))).toBe(sha(data))
    })

    it('passes method, query, status and body', async () => {
      await ask('workspace/file?path=a%20b.txt', { method: 'PUT', body: 'text' })
      expect(await (await ask('workspace/exists?path=a%20b.txt')).json()).toEqual({ exists: true })
      const moved = await ask('workspace/move', { method: 'POST', body: '{"source":"a b.txt","destination":"c.txt"}' })
      expect([moved.status, await moved.json()]).toEqual([200, expect.objectContaining({ name: 'c.txt' })])
      expect((await ask('workspace/entry?path=c.txt', { method: 'DELETE' })).status).toBe(204)
      expect((await ask('workspace/file?path=c.txt')).status).toBe(404)
      expect((await ask('workspace/list?path=.&depth=0')).status).toBe(422)
      expect((await ask('no/such/route')).status).toBe(404)
    })

    it.each(['HEAD', 'OPTIONS'])('does not take %s', async (method) => {
      expect((await ask('healthz', { method })).status).toBe(405)
    })

    it('does not let a path out of the runtime', async () => {
      for (const path of ['../get_info', '%2e%2e/%2e%2e/etc', '..%2f..%2f', '/127.0.0.1/x', '%5c..%5c']) {
        const response = await ask(path)
        expect(response.status, path).toBeGreaterThanOrEqual(400)
        await response.arrayBuffer()
      }
    })

    it('of an unknown sandbox: 404 in the words of the contract', async () => {
      const answer = await client().fetch('/proxy/unknown/healthz')
      expect([answer.status, await answer.json()]).toEqual([
        404,
        expect.objectContaining({ detail: 'sandbox not found: unknown' }),
      ])
    })
  })
}
