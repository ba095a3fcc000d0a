import { existsSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { createFakeRuntime, type FakeRuntime } from './fake-runtime.ts'

const ask = (
  runtime: FakeRuntime,
  path: string,
  init: Omit<RequestInit, 'headers'> & { headers?: Record<string, string> } = {},
) => fetch(`${runtime.url}${path}`, { ...init, headers: { authorization: 'Bearer t', ...init.headers } })
const post = (runtime: FakeRuntime, path: string, body: unknown) =>
  ask(runtime, path, { method: 'POST', body: JSON.stringify(body) })

describe('createFakeRuntime', () => {
  it('wants its token, in the words of the wire', async () => {
    await using runtime = await createFakeRuntime({ token: 't' })
    const none = await fetch(`${runtime.url}/healthz`)
    expect([none.status, await none.json()]).toEqual([403, { detail: 'Missing or invalid authorization header' }])
    const wrong = await ask(runtime, '/healthz', { headers: { authorization: 'Bearer x' } })
    expect([wrong.status, await wrong.json()]).toEqual([403, { detail: 'Invalid secret token' }])
    expect(runtime.requests).toEqual([])
  })

  it('answers as a sandbox does, with and without the prefix', async () => {
    await using runtime = await createFakeRuntime({ token: 't' })
    const shell = await post(runtime, '/fastapi/tools/run_shell_command', { command: 'ls' })
    expect(await shell.json()).toMatchObject({
      isError: false,
      content: [
        { text: 'ls\n', description: 'stdout' },
        { text: '0', description: 'returncode' },
      ],
    })
    expect(await (await post(runtime, '/tools/run_ipython_cell', { code: '1' })).json()).toMatchObject({
      isError: false,
    })
    expect(await (await ask(runtime, '/fastapi/mcp/list_tools')).json()).toEqual({})
    expect((await ask(runtime, '/fastapi/nope')).status).toBe(404)
    expect(runtime.requests.map(({ path }) => path)).toEqual([
      '/tools/run_shell_command',
      '/tools/run_ipython_cell',
      '/mcp/list_tools',
      '/nope',
    ])
  })

  it('is as healthy as it is told', async () => {
    await using runtime = await createFakeRuntime({ token: 't', health: 'failing' })
    expect((await ask(runtime, '/healthz')).status).toBe(503)
    runtime.health = 'silent'
    const pending = ask(runtime, '/healthz')
    await expect.poll(() => runtime.requests.length).toBe(2)
    runtime.health = 'healthy'
    expect((await pending).status).toBe(200)
  })

  it('lets a test answer', async () => {
    await using runtime = await createFakeRuntime({ token: 't' })
    runtime.respond = ({ path }) => (path === '/healthz' ? undefined : { status: 418, body: { path } })
    expect((await ask(runtime, '/healthz')).status).toBe(200)
    const own = await ask(runtime, '/x?y=1')
    expect([own.status, await own.json()]).toEqual([418, { path: '/x' }])
  })

  it('leaves no socket behind', async () => {
    const runtime = await createFakeRuntime({ token: 't', unix: true })
    const socket = runtime.url.slice('unix:'.length)
    expect([existsSync(socket), runtime.ports]).toEqual([true, []])
    await runtime.close()
    await runtime.close()
    expect(existsSync(socket)).toBe(false)
  })
})
