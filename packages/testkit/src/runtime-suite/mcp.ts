import { beforeAll, describe, expect, it } from 'vitest'
import { mcpExampleServer } from './mcp-example-server.ts'
import { callerOf, type RuntimeUnderTest } from './runtime-under-test.ts'

type Tools = Record<string, Record<string, { name: string; json_schema: { function: Record<string, unknown> } }>>
type Result = { content: { type: string; text: string }[]; isError: boolean; [key: string]: unknown }
type Info = { name: string; state: string; error: string | null; transport: string }

/** MCP servers inside, started by `python3`. */
export function mcp(runtime: () => RuntimeUnderTest): void {
  const { send, post, put, get, shell } = callerOf(runtime)

  describe('MCP servers', () => {
    const script = () => `${runtime().workspace.path}/example-server.py`
    const config = (...words: string[]) => ({ command: 'python3', args: [script(), ...words] })
    const add = (mcpServers: object, overwrite = false) =>
      post('/mcp/add_servers', { server_configs: { mcpServers }, overwrite })
    const call = async (name: string, values: object = {}, more: object = {}) => {
      const response = await post('/mcp/call_tool', { tool_name: name, arguments: values, ...more })
      return { status: response.status, body: (await response.json()) as Result & { detail?: string } }
    }
    const listed = async () => (await (await send('/mcp/list_tools')).json()) as Tools
    const servers = async () => ((await (await send('/mcp/servers')).json()) as { servers: Info[] }).servers
    const remove = (name: string) => send(`/mcp/servers/${encodeURIComponent(name)}`, { method: 'DELETE' })

    beforeAll(async () => {
      await put('example-server.py', mcpExampleServer)
      const added = await add({ example: { ...config(), env: { GREETING: 'hello' } } })
      expect([added.status, await added.text()]).toEqual([200, 'OK'])
    })

    it('are listed with all their tools, page after page, and their whole schemas', async () => {
      const tools = await listed()
      expect(Object.keys(tools)).toEqual(['example'])
      expect(Object.keys(tools['example']!)).toHaveLength(8)
      expect(tools['example']!['say']).toEqual({
        name: 'say',
        json_schema: {
          type: 'function',
          function: {
            name: 'say',
            description: 'Does say',
            parameters: {
              type: 'object',
              properties: { text: { type: 'string' } },
              required: ['text'],
              additionalProperties: false,
              $defs: { kept: { type: 'null' } },
            },
          },
        },
      })
    })

    it('are called, and their answer comes back whole', async () => {
      expect((await call('say', { text: 'hé 😀' })).body).toMatchObject({
        meta: null,
        content: [{ type: 'text', text: 'hé 😀' }],
        isError: false,
      })
      expect((await call('structured')).body).toMatchObject({
        meta: { m: 1 },
        content: [],
        isError: true,
        structuredContent: { answer: 42 },
      })
      expect((await call('big', { text: '3000000' })).body.content[0]!.text).toHaveLength(3_000_000)
    })

    it('have their own variables, the workspace, and not the token', async () => {
      const { body } = await call('greet')
      expect(body.content[0]!.text).toBe(`hello ${runtime().workspace.path} False`)
    })

    it('answer many calls at once', async () => {
      const texts = Array.from({ length: 50 }, (_, index) => `text ${index}`)
      const answers = await Promise.all(texts.map((text) => call('say', { text })))
      expect(answers.map(({ body }) => body.content[0]!.text)).toEqual(texts)
    })

    it('tell what was wrong with a call', async () => {
      expect(await call('nope')).toMatchObject({ status: 404, body: { detail: "Tool 'nope' not found." } })
      const refused = await call('refuse')
      expect(refused).toMatchObject({ status: 200, body: { isError: true } })
      expect(refused.body.content[0]!.text).toContain('no such tool')
    })

    it('say when their tools changed', async () => {
      await call('grow')
      await expect.poll(async () => Object.keys((await listed())['example']!)).toContain('grown')
    })

    it('end a call at its time limit, and hear that it was cancelled', async () => {
      const { body } = await call('wait', { text: '30' }, { timeout: 1 })
      expect(body).toMatchObject({ isError: true, timed_out: true })
      await expect
        .poll(async () => (await (await get('exists', { path: 'cancelled' })).json()) as object)
        .toEqual({
          exists: true,
        })
    })

    it('cancel the call of a caller that goes away', async () => {
      await send('/workspace/entry?path=cancelled', { method: 'DELETE' })
      const controller = new AbortController()
      const calling = post(
        '/mcp/call_tool',
        { tool_name: 'wait', arguments: { text: '30' } },
        { signal: controller.signal },
      )
      setTimeout(() => controller.abort(), 300)
      await expect(calling).rejects.toThrow()
      await expect
        .poll(async () => (await (await get('exists', { path: 'cancelled' })).json()) as object)
        .toEqual({
          exists: true,
        })
    })

    it('stay as they are when they are added again, unless they are to be overwritten', async () => {
      expect((await add({ example: { ...config(), env: { GREETING: 'other' } } })).status).toBe(200)
      expect((await call('greet')).body.content[0]!.text).toContain('hello')
      expect((await add({ example: { ...config(), env: { GREETING: 'other' } } }, true)).status).toBe(200)
      expect((await call('greet')).body.content[0]!.text).toContain('other')
      expect(await pids()).toHaveLength(1)
    })

    it('that do not start are told with the reason, and do no harm to others', async () => {
      const begun = performance.now()
      const response = await add({
        missing: { command: '/nowhere/server' },
        dying: { command: 'sh', args: ['-c', 'echo because >&2; exit 1'] },
        silent: { ...config('--mute'), timeout: 1 },
        second: config(),
      })
      expect(performance.now() - begun).toBeLessThan(20_000)
      expect(response.status).toBe(500)
      const { detail } = (await response.json()) as { detail: string }
      for (const text of ['missing', 'dying', 'because', 'silent']) expect(detail).toContain(text)
      expect(detail).not.toContain('second')
      expect((await servers()).map(({ name, state }) => [name, state])).toEqual([
        ['example', 'ready'],
        ['second', 'ready'],
      ])
      // Nothing of those that failed runs on.
      expect(await pids()).toHaveLength(2)
    })

    it('of which the first that was added answers for a name that two have', async () => {
      expect((await call('greet')).body.content[0]!.text).toContain('other')
      expect((await remove('example')).status).toBe(204)
      expect((await call('greet')).body.content[0]!.text).toContain('None')
      expect((await remove('example')).status).toBe(404)
      expect(await pids()).toHaveLength(1)
    })

    it('that end during a call are told with their last words, and are started again', async () => {
      const { status, body } = await call('die')
      expect(status).toBe(500)
      expect(body.detail).toMatch(/'second' ended during the call/)
      await expect.poll(async () => (await servers())[0]).toMatchObject({ state: 'failed', error: /last words/ })
      expect((await send('/mcp/list_tools')).headers.get('x-mcp-failed-servers')).toBe('second')
      await expect
        .poll(async () => (await call('say', { text: 'again' })).body.content?.[0]?.text, { timeout: 10_000 })
        .toBe('again')
      expect((await servers())[0]).toMatchObject({ state: 'ready', error: null })
    })

    it('are started again on demand', async () => {
      const [before] = await pids()
      expect((await send('/mcp/servers/second/restart', { method: 'POST' })).status).toBe(200)
      const [after] = await pids()
      expect(after).not.toBe(before)
      expect((await send('/mcp/servers/none/restart', { method: 'POST' })).status).toBe(404)
      expect((await remove('second')).status).toBe(204)
      expect(await listed()).toEqual({})
    })

    it.each<[string, object]>([
      ['nothing', {}],
      ['no servers', { server_configs: {} }],
      ['a server that is none', { server_configs: { mcpServers: { a: {} } } }],
      ['two ways at once', { server_configs: { mcpServers: { a: { command: 'x', url: 'http://localhost' } } } }],
      ['an address that is none', { server_configs: { mcpServers: { a: { url: 'file:///etc/passwd' } } } }],
      ['a NUL byte', { server_configs: { mcpServers: { a: { command: 'a\0b' } } } }],
      ['a limit that is none', { server_configs: { mcpServers: { a: { command: 'x', timeout: -1 } } } }],
    ])('are not added from %s', async (_, body) => {
      const response = await post('/mcp/add_servers', body)
      expect(response.status).toBe(422)
      expect(await servers()).toEqual([])
    })

    /** Of the example's processes. */
    async function pids(): Promise<string[]> {
      const answer = await shell(`pgrep -f '[p]ython3 ${script()}' || true`)
      return answer.content[0]!.text.split('\n').filter(Boolean)
    }
  })
}
