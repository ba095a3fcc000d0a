/** A runtime that a suite talks to. */
export type RuntimeUnderTest = {
  /** Sends a request; `path` begins with `/`, behind nothing. */
  fetch(path: string, init?: RequestInit): Promise<Response>
  token: string
  /** Where its workspace is on this machine, and the name that the runtime gives it. */
  workspace: { hostPath: string; path: string }
  stop(): Promise<void>
}

export type StartRuntime = () => Promise<RuntimeUnderTest>

/** A tool's answer, as far as the suites look. */
export type ToolAnswer = {
  content: { type: string; text: string; description: string; annotations: unknown }[]
  isError: boolean
  [key: string]: unknown
}

/** Requests with the token, shortened. */
export function callerOf(runtime: () => RuntimeUnderTest) {
  const send = (path: string, init: RequestInit = {}) => {
    const under = runtime()
    return under.fetch(path, {
      ...init,
      headers: { authorization: `Bearer ${under.token}`, ...(init.headers as Record<string, string>) },
    })
  }
  const post = (path: string, body: unknown, init: RequestInit = {}) =>
    send(path, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body), ...init })
  const tool = async (name: string, body: Record<string, unknown>) => {
    const response = await post(`/tools/${name}`, body)
    if (response.status !== 200) throw new Error(`${name}: ${response.status} ${await response.text()}`)
    return (await response.json()) as ToolAnswer
  }
  return {
    send,
    post,
    shell: (command: string, timeout?: number) => tool('run_shell_command', { command, ...(timeout && { timeout }) }),
    cell: (code: string, timeout?: number) => tool('run_ipython_cell', { code, ...(timeout && { timeout }) }),
    put: (path: string, body: NonNullable<RequestInit['body']>) =>
      send(`/workspace/file?path=${encodeURIComponent(path)}`, { method: 'PUT', body }),
    get: (route: string, query: Record<string, string>) =>
      send(`/workspace/${route}?${new URLSearchParams(query).toString()}`),
    remove: (path: string) => send(`/workspace/entry?path=${encodeURIComponent(path)}`, { method: 'DELETE' }),
  }
}

/** The text of one stream of an answer; undefined when the stream is not in it. */
export function textOf(answer: ToolAnswer, stream: 'stdout' | 'stderr' | 'returncode'): string | undefined {
  return answer.content.find(({ description }) => description === stream)?.text
}
