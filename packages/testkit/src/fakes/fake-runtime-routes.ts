/** A request that reached a {@link FakeRuntime}; `path` has no `/fastapi` and no query. */
export type FakeRuntimeRequest = {
  method: string
  path: string
  query: string
  headers: Readonly<Record<string, string | string[] | undefined>>
  body: Buffer
}

/** `body`: text as it is, anything else as JSON. */
export type FakeRuntimeResponse = { status?: number; headers?: Record<string, string>; body?: unknown }

type Answer = (request: FakeRuntimeRequest) => FakeRuntimeResponse

const routes: Readonly<Record<string, Answer>> = {
  'GET /healthz': () => ({ body: 'OK' }),
  'POST /tools/run_shell_command': (request) => ({ body: toolResult(`${field(request, 'command')}\n`, '0') }),
  'POST /tools/run_ipython_cell': (request) => ({ body: toolResult(`${field(request, 'code')}\n`) }),
  'GET /mcp/list_tools': () => ({ body: {} }),
  'POST /mcp/call_tool': (request) => ({ body: toolResult(JSON.stringify(json(request)['arguments'] ?? {})) }),
  'POST /mcp/add_servers': () => ({ body: 'OK' }),
}

/** What a sandbox of the fake engine answers: commands and cells are echoed on stdout, there are no MCP servers. */
export function answerAsRuntime(request: FakeRuntimeRequest): FakeRuntimeResponse {
  const answer = routes[`${request.method} ${request.path}`]
  return answer ? answer(request) : { status: 404, body: { detail: 'Not Found' } }
}

function toolResult(stdout: string, returnCode?: string): Record<string, unknown> {
  const item = (text: string, description: string) => ({ type: 'text', text, annotations: null, description })
  const content = [item(stdout, 'stdout'), ...(returnCode === undefined ? [] : [item(returnCode, 'returncode')])]
  return { meta: null, content, isError: false }
}

function json(request: FakeRuntimeRequest): Record<string, unknown> {
  return JSON.parse(request.body.toString('utf8')) as Record<string, unknown>
}

function field(request: FakeRuntimeRequest, name: string): string {
  const value = json(request)[name]
  return typeof value === 'string' ? value : ''
}
