import { readFileSync } from 'node:fs'
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { once } from 'node:events'
import os from 'node:os'
import path from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { startRuntimeProcess, type RuntimeProcess, type RuntimeProcessOptions } from './runtime-process.fixture.ts'

type Answer = { content: { text: string }[]; detail?: string }

let running: RuntimeProcess[] = []

async function start(options?: RuntimeProcessOptions): Promise<RuntimeProcess> {
  const runtime = await startRuntimeProcess(options)
  running.push(runtime)
  return runtime
}

async function post(runtime: RuntimeProcess, route: string, body: unknown) {
  const headers = { authorization: `Bearer ${runtime.token}` }
  const response = await runtime.fetch(route, { method: 'POST', headers, body: JSON.stringify(body) })
  return { status: response.status, answer: (await response.json()) as Answer }
}

async function shell(runtime: RuntimeProcess, command: string): Promise<string> {
  return (await post(runtime, '/tools/run_shell_command', { command })).answer.content[0]!.text
}

afterEach(async () => {
  await Promise.all(running.splice(0).map((runtime) => runtime.stop()))
})

describe('starting', () => {
  it.each<[string, Record<string, string>, RegExp]>([
    ['without a token', { SECRET_TOKEN: '' }, /ended with 78: .*SECRET_TOKEN: missing or empty/s],
    ['with a blank token', { SECRET_TOKEN: ' \n' }, /ended with 78: .*SECRET_TOKEN: missing or empty/s],
    [
      'with a descriptor that is not open',
      { SECRET_TOKEN_FD: '99' },
      /ended with 78: .*SECRET_TOKEN_FD: cannot be read/s,
    ],
    ['with an empty descriptor', { SECRET_TOKEN_FD: '0' }, /ended with 78: .*SECRET_TOKEN_FD: missing or empty/s],
    [
      'with invalid settings, telling all of them',
      { SECRET_TOKEN: '', RUNTIME_PORT: '80a', NGINX_TIMEOUT: 'soon', WORKSPACE_DIR: 'relative' },
      /ended with 78: (?=.*RUNTIME_PORT: )(?=.*NGINX_TIMEOUT: )(?=.*WORKSPACE_DIR: )(?=.*SECRET_TOKEN: )/s,
    ],
  ])('is refused %s', async (_, environment, message) => {
    await expect(start({ environment })).rejects.toThrow(message)
  })

  it('is refused on a port that is taken', async () => {
    const server = createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as { port: number }
    await expect(start({ environment: { RUNTIME_PORT: String(port) } })).rejects.toThrow(/ended with 69: .*EADDRINUSE/)
    server.close()
  })

  it('replaces a socket that was left behind, and nothing else', async () => {
    const folder = await mkdtemp(path.join(os.tmpdir(), 'runtime-test-'))
    const first = await start({ listen: 'socket', folder })
    first.signal('SIGKILL')
    await first.ended()
    const second = await start({ listen: 'socket', folder })
    expect(await shell(second, 'umask; echo hi')).toBe('0022\nhi\n')
    expect((await stat(path.join(folder, 'runtime.sock'))).mode & 0o777).toBe(0o666)
    const other = await mkdtemp(path.join(os.tmpdir(), 'runtime-test-'))
    await writeFile(path.join(other, 'runtime.sock'), 'precious')
    await expect(start({ listen: 'socket', folder: other })).rejects.toThrow(/EADDRINUSE/)
    expect(await readFile(path.join(other, 'runtime.sock'), 'utf8')).toBe('precious')
    await rm(other, { recursive: true })
  })

  it('takes a token from the environment out of reach', async () => {
    const token = 'needle $HOME `id` \'quoted\' "twice" \\'
    const runtime = await start({ environment: { SECRET_TOKEN: token, runtime_secret: 'mine' } })
    const seen = await shell(runtime, "cat /proc/$PPID/environ /proc/$PPID/cmdline | tr '\\0' '\\n'; env")
    expect(seen).toContain('WORKSPACE_DIR=')
    expect(seen).not.toContain('needle')
  })
})

describe('running', () => {
  it('makes its workspace again when it was removed', async () => {
    const runtime = await start()
    await shell(runtime, 'rm -rf "$WORKSPACE_DIR"')
    expect(await shell(runtime, 'pwd')).toBe(`${runtime.workspace.path}\n`)
    await shell(runtime, 'rm -rf "$WORKSPACE_DIR"')
    expect((await post(runtime, '/workspace/mkdir', { path: 'a' })).answer).toEqual({ created: true })
  })

  it('does not follow a link that took the place of its workspace', async () => {
    const runtime = await start()
    expect((await post(runtime, '/workspace/mkdir', { path: 'a' })).status).toBe(200)
    await shell(runtime, 'rm -rf "$WORKSPACE_DIR"; ln -s / "$WORKSPACE_DIR"')
    const headers = { authorization: `Bearer ${runtime.token}` }
    expect((await runtime.fetch('/workspace/file?path=etc/hostname', { headers })).status).toBe(403)
  })

  it('says why Python cells cannot run, and does the rest', async () => {
    const missing = await start({ environment: { RUNTIME_PYTHON: '/nowhere/python' } })
    const { status, answer } = await post(missing, '/tools/run_ipython_cell', { code: '1' })
    expect([status, answer.detail]).toEqual([
      500,
      expect.stringMatching(/Python cells cannot run: \/nowhere\/python .*ENOENT/),
    ])
    expect(await shell(missing, 'echo hi')).toBe('hi\n')
  })

  it('takes its time limit from NGINX_TIMEOUT, with a margin for the answer', async () => {
    const runtime = await start({ environment: { NGINX_TIMEOUT: '3' } })
    const { answer } = await post(runtime, '/tools/run_shell_command', { command: 'echo early; sleep 600' })
    expect(answer).toMatchObject({ timed_out: true })
    expect(answer.content.map(({ text }) => text)).toEqual(['early\n', expect.stringMatching(/after 1 s/), '-9'])
  })

  it('logs no command, no code and no secret', async () => {
    const runtime = await start()
    await post(runtime, '/tools/run_shell_command', { command: `echo needle-in-command; ${'x'.repeat(1024 * 1024)}` })
    await post(runtime, '/tools/run_shell_command', { command: '\0needle' })
    await runtime.fetch('/healthz', { headers: { authorization: 'Bearer needle' } })
    runtime.signal('SIGTERM')
    expect(await runtime.ended()).toBe(0)
    expect(runtime.stderr()).not.toMatch(/needle/)
    expect(runtime.stderr()).not.toContain(runtime.token)
  })
})

describe('stopping', () => {
  it.each<NodeJS.Signals>(['SIGTERM', 'SIGINT'])('ends all that it started on %s, within a second', async (signal) => {
    const runtime = await start()
    const busy = post(runtime, '/tools/run_shell_command', {
      command: 'setsid sleep 700 & echo $! > group; sleep 700',
    }).catch(() => 'cut')
    await shell(runtime, 'sleep 700 & echo $! > job; while [ ! -s group ]; do sleep 0.05; done')
    const ids = (await shell(runtime, 'cat group job')).trim().split('\n').map(Number)
    expect(ids.every(lives)).toBe(true)
    const startedAt = performance.now()
    runtime.signal(signal)
    expect(await runtime.ended()).toBe(0)
    expect(performance.now() - startedAt).toBeLessThan(2_000)
    expect(await busy).toBe('cut')
    await expect.poll(() => ids.some(lives)).toBe(false)
  })
})

/** A process that ended but was not collected has no command line any more. */
function lives(id: number): boolean {
  try {
    return readFileSync(`/proc/${id}/cmdline`).length > 0
  } catch {
    return false
  }
}
