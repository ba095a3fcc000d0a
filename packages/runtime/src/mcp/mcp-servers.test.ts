import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { childEnvironment } from '../process/child-environment.ts'
import { startRuntimeProcess } from '../runtime-process.fixture.ts'
import { McpServers } from './mcp-servers.ts'
import { startRemoteServer } from './remote-server.fixture.ts'

const options = () => ({ timeoutMs: 5000, signal: new AbortController().signal })
const headers = { 'x-key': 'secret' }

function open(): McpServers {
  const servers = new McpServers({ cwd: tmpdir(), environment: childEnvironment(process.env) })
  onTestFinished(() => servers.close())
  return servers
}

describe('servers over the network', () => {
  it.each([
    ['streamable HTTP', '/mcp', 'streamable_http'],
    ['streamable HTTP, spelt otherwise', '/mcp', 'streamableHttp'],
    ['SSE', '/sse', undefined],
    ['SSE, by name', '/sse', 'sse'],
  ])('speak %s', async (_, route, type) => {
    await using remote = await startRemoteServer()
    const servers = open()
    const config = { url: remote.url + route, headers, ...(type && { type }) }
    expect(await servers.add({ remote: config }, { overwrite: false })).toEqual(new Map())
    const { tools } = await servers.listTools()
    expect(tools.get('remote')!.map(({ name }) => name)).toEqual(['add', 'picture'])
    expect(await servers.call('add', { a: 2, b: 40 }, options())).toMatchObject({
      content: [{ type: 'text', text: '42' }],
      isError: false,
    })
    expect(await servers.call('picture', {}, options())).toMatchObject({
      content: [{ type: 'image', data: 'AAAA', mimeType: 'image/png' }],
    })
    const wrong = await servers.call('add', { a: 'two', b: 1 }, options())
    expect(wrong).toMatchObject({ isError: true, content: [{ text: expect.stringMatching(/number/) }] })
    await servers.close()
  })

  it.each(['/mcp', '/sse'])('at %s that refuse, or say nothing, are told within their limit', async (route) => {
    await using remote = await startRemoteServer()
    const type = route === '/mcp' ? 'streamable_http' : 'sse'
    const servers = open()
    const begun = performance.now()
    const failed = await servers.add(
      {
        refused: { url: remote.url + route, type },
        silent: { url: `${remote.url}/hang`, headers, type, timeout: 0.5 },
        nobody: { url: 'http://127.0.0.1:1/mcp', type },
      },
      { overwrite: false },
    )
    expect([...failed.keys()].toSorted()).toEqual(['nobody', 'refused', 'silent'])
    expect(performance.now() - begun).toBeLessThan(5000)
    expect(servers.list()).toEqual([])
  })

  it('that go away are told, and found again', async () => {
    const servers = open()
    const remote = await startRemoteServer()
    const config = { url: `${remote.url}/sse`, headers }
    await servers.add({ remote: config }, { overwrite: false })
    await remote[Symbol.asyncDispose]()
    await expect(servers.call('add', { a: 1, b: 1 }, { ...options(), timeoutMs: 1000 })).rejects.toThrow(/remote/)
  })
})

describe('the servers of an image', () => {
  const echo = (text: string) => `
    const lines = require('node:readline').createInterface({ input: process.stdin })
    lines.on('line', (line) => {
      const { id, method, params } = JSON.parse(line)
      if (id === undefined) return
      const result = method === 'initialize'
        ? { protocolVersion: params.protocolVersion, capabilities: { tools: {} }, serverInfo: { name: 'e', version: '1' } }
        : method === 'tools/list'
          ? { tools: [{ name: 'told', inputSchema: { type: 'object' } }] }
          : { content: [{ type: 'text', text: '${text}' }] }
      setTimeout(() => console.log(JSON.stringify({ jsonrpc: '2.0', id, result })), 300)
    })`

  async function startWith(configuration: string) {
    const folder = await mkdtemp(path.join(tmpdir(), 'mcp-image-'))
    onTestFinished(() => rm(folder, { recursive: true, force: true }))
    const file = path.join(folder, 'mcp_server_configs.json')
    await writeFile(file, configuration)
    const runtime = await startRuntimeProcess({ environment: { RUNTIME_MCP_CONFIG: file } })
    onTestFinished(() => runtime.stop())
    const authorization = `Bearer ${runtime.token}`
    return { runtime, ask: (route: string) => runtime.fetch(route, { headers: { authorization } }) }
  }

  it('are there when it says that it is healthy', async () => {
    const mcpServers = { slow: { command: process.execPath, args: ['-e', echo('x')] } }
    const { ask } = await startWith(JSON.stringify({ mcpServers }))
    const begun = performance.now()
    expect((await ask('/healthz')).status).toBe(200)
    expect(performance.now() - begun).toBeGreaterThan(300)
    expect(await (await ask('/mcp/list_tools')).json()).toHaveProperty('slow.told')
  })

  it('that do not start are logged, and do not keep it from being healthy', async () => {
    const mcpServers = { broken: { command: '/nowhere' }, good: { command: process.execPath, args: ['-e', echo('x')] } }
    const { ask, runtime } = await startWith(JSON.stringify({ mcpServers }))
    expect((await ask('/healthz')).status).toBe(200)
    expect(await (await ask('/mcp/list_tools')).json()).toHaveProperty('good')
    expect(runtime.stderr()).toMatch(/"an MCP server of the image did not start".*broken/)
  })

  it.each(['not JSON', '[]', '{"mcpServers":{"a":{}}}'])('that cannot be read are logged: %s', async (text) => {
    const { ask, runtime } = await startWith(text)
    expect((await ask('/healthz')).status).toBe(200)
    expect(runtime.stderr()).toContain('the MCP servers of the image cannot be read')
  })
})
