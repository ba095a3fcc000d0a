import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { genericTools, toolResultSchema } from '@runtime-sandbox/protocol'
import type { WireClient } from './wire-client.ts'

type ToolMap = Record<string, Record<string, unknown>>

const item = (text: unknown, description: string) => ({ type: 'text', text, annotations: null, description })

/** Each call under its own name and as its twin. */
export function toolTests(client: () => WireClient, suffix: '' | '_async'): void {
  describe(`tools${suffix}`, () => {
    let identity: string
    const callTool = (tool: string | null, values: unknown) =>
      client().call(`call_tool${suffix}`, { identity, tool_name: tool, arguments: values })

    beforeAll(async () => {
      identity = await client().sandbox()
    })
    afterAll(async () => {
      await client().data('release', { identity })
    })

    it.each([
      ['echo hi; echo err >&2; exit 3', ['hi\n', 'err\n', '3'], true, 3],
      ['echo hi; exit 3', ['hi\n', '3'], false, 3],
      ['true', ['', '0'], false, 0],
      ['echo warned >&2', ['', 'warned\n', '0'], true, 0],
    ])('a shell command: %s', async (command, texts, isError, exitCode) => {
      const { status, body } = await callTool('run_shell_command', { command })
      const names = texts.length === 3 ? ['stdout', 'stderr', 'returncode'] : ['stdout', 'returncode']
      expect([status, body]).toEqual([
        200,
        {
          data: expect.objectContaining({
            meta: null,
            content: names.map((name, index) => item(texts[index], name)),
            isError,
            exit_code: exitCode,
            signal: null,
            timed_out: false,
            truncated: false,
          }),
        },
      ])
      expect(() => toolResultSchema.parse(body.data)).not.toThrow()
    })

    it('a cell: state, the value of the last expression, exceptions', async () => {
      const cell = async (code: string) => {
        const { body } = await callTool('run_ipython_cell', { code })
        return body.data as {
          content: { text: string; description: string }[]
          isError: boolean
          error?: { name: string }
        }
      }
      expect((await cell('x = 20')).content[0]!.description).toBe('stdout')
      expect((await cell('x + 22')).content[0]!.text).toMatch(/^Out\[\d+\]: 42\n$/)
      const failed = await cell('1 / 0')
      expect(failed).toMatchObject({ isError: true, error: { name: 'ZeroDivisionError' } })
      expect(failed.content[0]!.text).toContain('ZeroDivisionError')
    })

    it('a time limit that ends the command and tells what was printed until then', async () => {
      const { body } = await callTool('run_shell_command', { command: 'echo begun; sleep 60', timeout: 1 })
      expect(body.data).toMatchObject({ timed_out: true, isError: true, signal: 'SIGKILL', exit_code: null })
      expect((body.data as { content: { text: string }[] }).content[0]!.text).toBe('begun\n')
    })

    it('list_tools has the generic ones, all or one group of them', async () => {
      const list = (toolType: string | null | undefined) =>
        client().data<ToolMap>(`list_tools${suffix}`, { identity, tool_type: toolType })
      expect((await list(null))['generic']).toEqual(JSON.parse(JSON.stringify(genericTools)))
      expect(await list('generic')).toEqual({
        generic: expect.objectContaining({ run_ipython_cell: expect.anything() }),
      })
      expect(await list('nothing')).toEqual({ nothing: {} })
      // Training clients send more; it is accepted and ignored.
      await client().data(`list_tools${suffix}`, { identity, instance_id: 'i', messages: {}, params: {} })
    })

    it.each<[string, string, unknown, RegExp]>([
      ['a wrong argument', 'run_ipython_cell', { cod: '1' }, /unexpected keyword argument 'cod'/],
      ['no argument', 'run_ipython_cell', {}, /missing 1 required positional argument: 'code'/],
      ['a wrong type', 'run_shell_command', { command: 5 }, /command/],
    ])('refuses %s', async (_, tool, values, detail) => {
      const { status, body } = await callTool(tool, values)
      expect(status).toBe(422)
      expect(body.detail).toMatch(detail)
    })

    it('an empty command or cell is an error of the tool, where clients look for it', async () => {
      for (const [tool, name] of [
        ['run_shell_command', 'command'],
        ['run_ipython_cell', 'code'],
      ] as const) {
        const { status, body } = await callTool(tool, { [name]: '' })
        expect(status).toBe(200)
        expect(body.data).toMatchObject({ isError: true, content: [{ text: expect.stringMatching(/is required/) }] })
      }
    })

    it('an unknown tool is an error of the tool, a missing name one of the call', async () => {
      const unknown = await callTool('nope', null)
      expect(unknown.status).toBe(200)
      expect(unknown.body.data).toMatchObject({
        isError: true,
        content: [{ type: 'text', text: expect.stringMatching(/Tool 'nope' not found/) }],
      })
      expect((await callTool(null, {})).status).toBe(422)
    })

    it('add_mcp_servers starts servers, whose tools are listed and called', async () => {
      await client().fetch(`/proxy/${identity}/workspace/file?path=echo-server.py`, { method: 'PUT', body: echoServer })
      const mcpServers = { echo: { command: 'python3', args: ['/workspace/echo-server.py'] } }
      const body = { identity, server_configs: { mcpServers }, overwrite: false }
      expect(await client().data(`add_mcp_servers${suffix}`, body)).toBe('OK')
      const tools = await client().data<ToolMap>(`list_tools${suffix}`, { identity })
      expect(tools['echo']!['say']).toMatchObject({
        name: 'say',
        json_schema: { type: 'function', function: { name: 'say', parameters: { required: ['text'] } } },
      })
      const said = await callTool('say', { text: 'hello' })
      expect(said.body.data).toMatchObject({ content: [{ type: 'text', text: 'hello' }], isError: false })
    })

    it('add_mcp_servers tells which server failed, and why', async () => {
      const mcpServers = { broken: { command: '/nowhere/server' } }
      const { body } = await client().call(`add_mcp_servers${suffix}`, { identity, server_configs: { mcpServers } })
      expect(body.data).toMatchObject({
        isError: true,
        content: [{ type: 'text', text: expect.stringMatching(/broken/) }],
      })
    })

    it('of a released sandbox are told to be gone', async () => {
      const released = await client().sandbox()
      await client().data('release', { identity: released })
      const body = { identity: released, tool_name: 'run_shell_command', arguments: { command: 'true' } }
      const answer = await client().call(`call_tool${suffix}`, body)
      expect(answer).toMatchObject({ status: 409, body: { code: 'sandbox_not_running' } })
    })
  })
}

/** The smallest MCP server: one tool, line by line, with nothing but Python's own library. */
const echoServer = `
import json, sys
tool = {"name": "say", "description": "Says it again",
        "inputSchema": {"type": "object", "properties": {"text": {"type": "string"}}, "required": ["text"]}}
for line in sys.stdin:
    message = json.loads(line)
    if "id" not in message:
        continue
    method, params = message["method"], message.get("params", {})
    if method == "initialize":
        result = {"protocolVersion": params["protocolVersion"], "capabilities": {"tools": {}},
                  "serverInfo": {"name": "echo", "version": "1"}}
    elif method == "tools/list":
        result = {"tools": [tool]}
    elif method == "tools/call":
        result = {"content": [{"type": "text", "text": params["arguments"]["text"]}]}
    else:
        result = {}
    print(json.dumps({"jsonrpc": "2.0", "id": message["id"], "result": result}), flush=True)
`
