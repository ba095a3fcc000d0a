import { request } from 'node:http'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { engines } from './engines.ts'
import { ServerProcess } from './server-process.ts'

describe.each(engines)('a server on $name', ({ skip, environment }) => {
  describe.skipIf(skip)('that strangers talk to', () => {
    let server: ServerProcess
    let identity: string
    const call: ServerProcess['call'] = (...words) => server.call(...words)

    beforeAll(async () => {
      server = await ServerProcess.start({ environment })
      identity = (await call<string>('create_from_pool', { meta: { session_ctx_id: 'S1' } })).body.data!
    })
    afterAll(async () => {
      await server?.stop()
    })

    it('cuts off a body that never ends', async () => {
      const memoryBefore = await residentBytes()
      const status = await endlessPost(`${server.url}/create`, server.token)
      expect(status).toBe(413)
      expect((await residentBytes()) - memoryBefore).toBeLessThan(100 * 1024 * 1024)
      expect((await call('get_status', { identity })).body.data).toBe('running')
    })

    it('shows its API to those with the token', async () => {
      const headers = { authorization: `Bearer ${server.token}` }
      const document = (await (await fetch(`${server.url}/openapi.json`, { headers })).json()) as {
        openapi: string
        paths: object
      }
      expect(document.openapi).toMatch(/^3\.1/)
      expect(Object.keys(document.paths)).toEqual(
        expect.arrayContaining(['/create_from_pool', '/call_tool', '/call_tool_async']),
      )
      expect(await (await fetch(`${server.url}/docs`, { headers })).text()).toContain('create_from_pool')
      expect((await fetch(`${server.url}/openapi.json`)).status).toBe(401)
    })

    it('logs no secret', async () => {
      const { runtime_token: runtimeToken } = (await call<{ runtime_token: string }>('get_info', { identity })).body
        .data!
      await call('call_tool', {
        identity,
        tool_name: 'run_shell_command',
        arguments: { command: 'echo very-private-command' },
      })
      expect(server.output).not.toContain(runtimeToken)
      expect(server.output).not.toContain(server.token)
      expect(server.output).not.toContain('very-private-command')
    })

    async function residentBytes(): Promise<number> {
      const { readFile } = await import('node:fs/promises')
      const status = await readFile(`/proc/${server.pid}/status`, 'utf8')
      return Number(/VmRSS:\s+(\d+)/.exec(status)![1]) * 1024
    }
  })
})

/** Sends a JSON body that never ends, until the server answers; 512 MiB at most. */
async function endlessPost(url: string, token: string): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>()
  const chunk = Buffer.alloc(1024 * 1024, 'x')
  let sent = 0
  const outgoing = request(url, { method: 'POST', headers: { authorization: `Bearer ${token}` } }, (response) => {
    response.resume()
    resolve(response.statusCode ?? 0)
    outgoing.destroy()
  })
  outgoing.on('error', reject)
  const pump = () => {
    while (!outgoing.destroyed && sent < 512) {
      sent += 1
      if (!outgoing.write(chunk)) return void outgoing.once('drain', pump)
    }
    if (sent >= 512) outgoing.end()
  }
  outgoing.write('{"meta":"')
  pump()
  return promise
}
