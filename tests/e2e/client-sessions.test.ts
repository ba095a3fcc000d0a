import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { BaseSandbox, HttpManager, SandboxService, type ConnectionOptions } from '@runtime-sandbox/client'
import { startEmbedded, type Embedded } from 'runtime-sandbox-server'
import { engines, local } from './engines.ts'
import { until } from './sandbox-scenarios.ts'
import { freePort, ServerProcess } from './server-process.ts'

/** An MCP server over its input and output, by hand: one JSON-RPC message in each line. Its tool tells a variable and gives its text back. */
const mcpServer = `
import json, os, sys

tool = {"name": "repeat", "description": "Gives back what it got", "inputSchema": {
    "type": "object", "properties": {"text": {"type": "string"}}, "required": ["text"]}}

for line in sys.stdin:
    message = json.loads(line)
    if "id" not in message:
        continue
    method, params = message["method"], message.get("params") or {}
    if method == "initialize":
        result = {"protocolVersion": params["protocolVersion"], "capabilities": {"tools": {}},
                  "serverInfo": {"name": "by-hand", "version": "1"}}
    elif method == "tools/list":
        result = {"tools": [tool]}
    elif method == "tools/call":
        text = os.environ.get("GREETING", "") + params["arguments"]["text"]
        result = {"content": [{"type": "text", "text": text}]}
    else:
        result = {}
    print(json.dumps({"jsonrpc": "2.0", "id": message["id"], "result": result}), flush=True)
`

describe.each(engines)('sessions and MCP servers on $name', ({ skip, environment }) => {
  describe.skipIf(skip)('over HTTP', () => {
    let server: ServerProcess
    beforeAll(async () => {
      server = await ServerProcess.start({ environment })
    })
    afterAll(async () => {
      await server?.stop()
    })
    sessionScenarios(() => server.connection)

    it('ends what is being made for a session when its service stops', async () => {
      const service = new SandboxService(server.connection)
      const connecting = service.connect('cut off').catch((error: unknown) => error)
      await until(async () => (await keys(server)).includes('cut off'))
      await service.stop()
      await connecting
      await expect.poll(() => keys(server), { timeout: 15_000 }).not.toContain('cut off')
    })
  })

  describe.skipIf(skip)('with a manager in the process', () => {
    let embedded: Embedded
    let directory: string
    beforeAll(async () => {
      directory = await mkdtemp(path.join(tmpdir(), 'e2e-sessions-'))
      embedded = await startEmbedded({ directory, environment: { PATH: process.env['PATH'], ...environment } })
    })
    afterAll(async () => {
      await embedded?.close()
      await rm(directory, { recursive: true, force: true })
    })
    sessionScenarios(() => ({ manager: embedded.manager }))
  })

  describe.skipIf(skip)('that sleep', () => {
    it('are restored for whoever connects, with their files, and nothing is made twice', async () => {
      await using server = await ServerProcess.start({
        environment: { ...environment, HEARTBEAT_TIMEOUT: '1', WATCHER_SCAN_INTERVAL: '1' },
      })
      await using service = await new SandboxService(server.connection).start()
      const [sandbox] = await service.connect('S')
      await sandbox.fs.write('notes', 'kept')
      await until(async () => (await sandbox.getInfo()).state === 'recycled')
      const [again] = await service.connect('S')
      expect(again.id).toBe(sandbox.id)
      // The first call restores it, under the old name.
      expect(await again.fs.read('notes')).toBe('kept')
      const { name } = await sandbox.getInfo()
      expect(name).not.toBe(sandbox.id)
      expect((await sandbox.runShellCommand('cat notes')).stdout).toBe('kept')
      const [third] = await service.connect('S')
      expect(third.id).toBe((await sandbox.getInfo()).name)
      await service.release('S')
      expect(await keys(server)).toEqual([])
      await expect(sandbox.runShellCommand('true')).rejects.toMatchObject({ code: 'sandbox_not_running' })
    })
  })
})

describe.skipIf(local.skip)('a server that is away for a moment', () => {
  it('is waited for by calls that are safe to repeat, and by no others', async () => {
    const environment = { ...local.environment, PORT: String(await freePort()) }
    const first = await ServerProcess.start({ environment })
    const manager = new HttpManager({ baseUrl: first.url, bearerToken: first.token, retries: 10 })
    await first.stop()
    const asked = manager.listSessionKeys()
    await expect(manager.create()).rejects.toMatchObject({ code: 'server_unreachable' })
    await using second = await ServerProcess.start({ environment })
    expect(second.url).toBe(first.url)
    expect(await asked).toEqual([])
  })
})

function sessionScenarios(connection: () => ConnectionOptions): void {
  it('are found again by another service, with all that is in them', async () => {
    await using service = await new SandboxService(connection()).start()
    expect(await service.health()).toBe(true)
    const [sandbox] = await service.connect('conversation', { userId: 'anna' })
    await sandbox.runShellCommand('echo hello > notes')
    await sandbox.runIpythonCell('x = 41')

    const other = new SandboxService({ ...connection(), drainOnStop: false })
    const [again, second] = await other.connect('conversation', { userId: 'anna', sandboxTypes: ['base', 'base'] })
    expect(again.id).toBe(sandbox.id)
    expect(await again.fs.read('notes')).toBe('hello\n')
    expect((await again.runIpythonCell('print(x + 1)')).stdout).toBe('42\n')
    expect(await second.fs.exists('notes')).toBe(false)
    expect((await second.getInfo()).sessionContextId).toBe('conversation_anna')
    await other.stop()

    await service.release('conversation', { userId: 'anna' })
    for (const ended of [sandbox, second]) {
      await expect(ended.runShellCommand('true')).rejects.toMatchObject({ code: 'sandbox_not_running' })
    }
    const [fresh] = await service.connect('conversation', { userId: 'anna' })
    expect(fresh.id).not.toBe(sandbox.id)
    expect(await fresh.fs.exists('notes')).toBe(false)
  })

  it('are drained by the service that connected them, and by no other', async () => {
    await using longer = new SandboxService(connection())
    const shorter = new SandboxService(connection())
    await using alone = await BaseSandbox.create({ ...connection(), sessionId: 'of nobody' })
    const [[theirs], ...same] = await Promise.all([
      longer.connect('theirs'),
      shorter.connect('mine'),
      shorter.connect('mine'),
      shorter.connect('mine'),
    ])
    const [mine] = same[0]
    expect(new Set(same.map(([sandbox]) => sandbox.id))).toEqual(new Set([mine.id]))
    await shorter.stop()
    await expect(mine.runShellCommand('true')).rejects.toMatchObject({ code: 'sandbox_not_running' })
    expect((await theirs.runShellCommand('echo here')).stdout).toBe('here\n')
    expect((await alone.runShellCommand('echo here')).stdout).toBe('here\n')
  })

  it('say why they cannot be had, and leave nothing behind', async () => {
    const service = new SandboxService(connection())
    const connecting = service.connect('partly', { sandboxTypes: ['base', 'no-such-type'] })
    await expect(connecting).rejects.toMatchObject({ code: 'unknown_sandbox_type' })
    await using manager = new SandboxService(connection())
    const [only] = await manager.connect('partly')
    expect((await only.fs.list()).map(({ name }) => name)).toEqual([])
  })

  it('take MCP servers, list their tools and call them', async () => {
    await using sandbox = await BaseSandbox.create(connection())
    const { path: script } = await sandbox.fs.write('servers/by_hand.py', mcpServer)
    const server = (GREETING: string) => ({ command: 'python3', args: [script], env: { GREETING } })
    await sandbox.addMcpServers({ mcpServers: { mine: server('moin ') } })
    const tools = await sandbox.listTools({ toolType: 'mine' })
    expect(Object.keys(tools)).toEqual(['mine'])
    expect(tools['mine']!['repeat']).toMatchObject({ name: 'repeat', json_schema: { type: 'function' } })
    const repeat = async () => (await sandbox.callTool('repeat', { text: 'anna' })).content[0]?.text
    expect(await repeat()).toBe('moin anna')

    await sandbox.addMcpServers({ mcpServers: { mine: server('hallo ') } })
    expect(await repeat()).toBe('moin anna')
    await sandbox.addMcpServers({ mcpServers: { mine: server('hallo ') } }, { overwrite: true })
    expect(await repeat()).toBe('hallo anna')

    const broken = { command: 'sh', args: ['-c', 'echo because >&2; exit 1'] }
    const adding = sandbox.addMcpServers({ mcpServers: { broken, other: server('') } })
    await expect(adding).rejects.toMatchObject({
      code: 'mcp_server_failed',
      message: expect.stringContaining('because'),
    })
    expect(Object.keys(await sandbox.listTools()).toSorted()).toEqual(['generic', 'mine', 'other'])
    await expect(sandbox.addMcpServers({ mcpServers: { none: { command: '' } } })).rejects.toMatchObject({
      code: 'invalid_argument',
    })
  })
}

async function keys(server: ServerProcess): Promise<string[]> {
  return new HttpManager({ baseUrl: server.url, bearerToken: server.token }).listSessionKeys()
}
