import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { SandboxError } from '@runtime-sandbox/core'
import { answer, startFakeServer, type Handler } from './fake-server.fixture.ts'
import { HttpManager } from './http-manager.ts'
import { SandboxFiles } from './sandbox-files.ts'
import type { RemoteOptions } from './sandbox-options.ts'

const busy = { detail: 'in a moment', code: 'starting', retryable: true, remediation: 'wait', request_id: 'theirs' }

/** A server whose first answers are `handlers`, in turn, and then the last of them for ever. */
async function serverOf(...handlers: Handler[]) {
  let next = 0
  return startFakeServer((request, response) => {
    handlers[Math.min(next++, handlers.length - 1)]!(request, response)
  })
}

const fails =
  (status: number, body: unknown = busy, headers: Record<string, string> = {}): Handler =>
  (_, response) => {
    response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body))
  }
const breaksOff: Handler = (_, response) => response.destroy()
const answers =
  (data: unknown): Handler =>
  (_, response) =>
    answer(response, { data })

const managerOf = (server: { baseUrl: string }, options: RemoteOptions = {}) =>
  new HttpManager({ baseUrl: server.baseUrl, ...options })

const failureOf = (promise: Promise<unknown>) =>
  promise.then(
    () => expect.fail('no error'),
    (error: unknown) => error as SandboxError,
  )

beforeEach(() => {
  // A chance that takes all of the pause away.
  vi.spyOn(Math, 'random').mockReturnValue(-1)
})
afterEach(() => {
  vi.restoreAllMocks()
  vi.unstubAllEnvs()
})

describe('what is sent again', () => {
  const repeated: Record<string, [(manager: HttpManager) => Promise<unknown>, unknown]> = {
    release: [(manager) => manager.release('x'), true],
    getStatus: [(manager) => manager.getStatus('x'), 'running'],
    checkHealth: [(manager) => manager.checkHealth('x'), true],
    listTools: [(manager) => manager.listTools('x'), {}],
    getSessionMapping: [(manager) => manager.getSessionMapping('x'), []],
    listSessionKeys: [(manager) => manager.listSessionKeys(), []],
  }

  it.each(Object.entries(repeated))('%s, when its connection or its answer breaks off', async (_, [call, data]) => {
    const halfAnAnswer: Handler = (_request, response) => {
      response.writeHead(200, { 'content-length': '1000' })
      response.write('{"data":', () => response.destroy())
    }
    await using server = await serverOf(breaksOff, halfAnAnswer, answers(data))
    await call(managerOf(server))
    expect(server.seen).toHaveLength(3)
  })

  it.each([429, 502, 503, 504])('what was answered %i, under the same request id', async (status) => {
    await using server = await serverOf(fails(status), fails(status), answers(['a']))
    expect(await managerOf(server).getSessionMapping('S')).toEqual(['a'])
    const ids = server.seen.map(({ headers }) => headers['x-request-id'])
    expect(ids).toHaveLength(3)
    expect(ids[0]).toMatch(/^[0-9a-f-]{36}$/)
    expect(new Set(ids).size).toBe(1)
  })

  it('nothing when the server says that it will not pass, or the status is another', async () => {
    for (const refusal of [fails(504, { ...busy, retryable: false }), fails(500), fails(409), fails(401)]) {
      await using server = await serverOf(refusal, answers([]))
      await failureOf(managerOf(server).listSessionKeys())
      expect(server.seen).toHaveLength(1)
    }
  })

  const once: Record<string, (manager: HttpManager) => Promise<unknown>> = {
    create: (manager) => manager.create(),
    createFromPool: (manager) => manager.createFromPool(),
    start: (manager) => manager.start('x'),
    stop: (manager) => manager.stop('x'),
    callTool: (manager) => manager.callTool('x', 't'),
    addMcpServers: (manager) => manager.addMcpServers('x', { mcpServers: {} }),
    cleanup: (manager) => manager.cleanup(),
    write: (manager) => new SandboxFiles(manager, 'x').write('a', 'b'),
    writeMany: (manager) => new SandboxFiles(manager, 'x').writeMany([{ path: 'a', data: 'b' }]),
    move: (manager) => new SandboxFiles(manager, 'x').move('a', 'b'),
    mkdir: (manager) => new SandboxFiles(manager, 'x').mkdir('a'),
    remove: (manager) => new SandboxFiles(manager, 'x').remove('a'),
  }

  it.each(Object.entries(once))('never %s', async (_, call) => {
    for (const failure of [breaksOff, fails(503, busy, { 'retry-after': '0' })]) {
      await using server = await serverOf(failure)
      await failureOf(call(managerOf(server)))
      expect(server.seen).toHaveLength(1)
    }
  })

  it('reads of files, looks and lists', async () => {
    const entry = { path: '/workspace/a', name: 'a', type: 'file', size: 1, mtime_ms: 1 }
    const json =
      (body: unknown): Handler =>
      (_, response) =>
        answer(response, body)
    const calls: [(fs: SandboxFiles) => Promise<unknown>, Handler, unknown][] = [
      [(fs) => fs.read('a'), (_, response) => response.end('text'), 'text'],
      [(fs) => fs.list('a'), json([entry]), [entry]],
      [(fs) => fs.exists('a'), json({ exists: true }), true],
    ]
    for (const [call, good, expected] of calls) {
      await using server = await serverOf(breaksOff, fails(502), good)
      expect(await call(new SandboxFiles(managerOf(server), 'x'))).toEqual(expected)
      expect(server.seen).toHaveLength(3)
    }
  })

  it('as often as the user says, and no more', async () => {
    for (const [retries, attempts] of [
      [undefined, 3],
      [0, 1],
      [1, 2],
    ] as const) {
      await using server = await serverOf(fails(503))
      const error = await failureOf(managerOf(server, { retries }).listSessionKeys())
      expect([error.code, error.message, server.seen.length]).toEqual(['starting', 'in a moment', attempts])
    }
  })

  it('the whole answer of the last attempt is passed on, whatever its status', async () => {
    await using server = await serverOf(fails(503, { detail: 'x'.repeat(400_000) }))
    const response = await managerOf(server, { retries: 1 }).fetchRuntime('x', { method: 'GET', path: 'healthz' })
    expect([response.status, (await response.text()).length]).toEqual([503, 400_000 + '{"detail":""}'.length])
    expect(server.seen).toHaveLength(2)
  })
})

describe('the pauses', () => {
  it('are as long as the server asks', async () => {
    await using server = await serverOf(fails(503, busy, { 'retry-after': '1' }), answers([]))
    const startedAt = performance.now()
    await managerOf(server).listSessionKeys()
    expect(performance.now() - startedAt).toBeGreaterThan(950)
  })

  it('do not begin when they would end behind the deadline, or the server asks for very long', async () => {
    for (const [seconds, requestTimeoutMs] of [
      ['20', 10_000],
      ['3600', 300_000],
    ] as const) {
      await using server = await serverOf(fails(503, busy, { 'retry-after': seconds }), answers([]))
      const error = await failureOf(managerOf(server, { requestTimeoutMs }).listSessionKeys())
      expect(error.details).toMatchObject({ status: 503, retryAfterMs: Number(seconds) * 1000 })
      expect(server.seen).toHaveLength(1)
    }
  })

  it('end at once when the caller says so', async () => {
    const controller = new AbortController()
    const reason = new Error('enough')
    await using server = await serverOf((request, response) => {
      fails(503, busy, { 'retry-after': '20' })(request, response)
      response.once('close', () => setTimeout(() => controller.abort(reason), 20))
    })
    await expect(managerOf(server).listSessionKeys({ signal: controller.signal })).rejects.toBe(reason)
    expect(server.seen).toHaveLength(1)
  })
})

describe('the deadline', () => {
  it('is that of all attempts together', async () => {
    await using server = await serverOf(breaksOff, () => {})
    const error = await failureOf(managerOf(server, { requestTimeoutMs: 400 }).listSessionKeys())
    expect(error.code).toBe('sandbox_timeout')
    expect(error.requestId).toBe(server.seen[0]!.headers['x-request-id'])
    expect(server.seen).toHaveLength(2)
  })

  it('counts the contents of an answer, but not those of a file', async () => {
    const slow: Handler = (_, response) => {
      response.write('{"data":')
      setTimeout(() => response.end('[]}'), 900)
    }
    await using server = await serverOf(slow)
    const manager = managerOf(server, { requestTimeoutMs: 500 })
    expect((await failureOf(manager.listSessionKeys())).code).toBe('sandbox_timeout')
    expect(await new SandboxFiles(manager, 'x').read('a')).toBe('{"data":[]}')
  })

  it('ends reading a file when the caller says so', async () => {
    await using server = await serverOf((_, response) => response.write('some'))
    const controller = new AbortController()
    const stream = await new SandboxFiles(managerOf(server), 'x').readStream('a', { signal: controller.signal })
    const reader = stream.getReader()
    await reader.read()
    const reason = new Error('enough')
    controller.abort(reason)
    await expect(reader.read()).rejects.toBe(reason)
  })

  const timerOf = async (options: RemoteOptions, call: (manager: HttpManager) => Promise<unknown>) => {
    await using server = await serverOf(answers({ content: [], isError: false }))
    const timers = vi.spyOn(globalThis, 'setTimeout')
    await call(managerOf(server, options))
    const [longest] = timers.mock.calls.map(([, delay]) => delay ?? 0).toSorted((a, b) => b - a)
    timers.mockRestore()
    return longest
  }
  const tool = (name: string, timeout?: number) => (manager: HttpManager) =>
    manager.callTool('x', name, { arguments: { timeout } })

  it.each([
    ['is 5 minutes', {}, tool('t'), 300_000],
    ['is what the user says', { requestTimeoutMs: 5000 }, tool('run_shell_command'), 5000],
    ['follows the time limit of a command', {}, tool('run_shell_command', 5), 65_000],
    ['follows a long one too', {}, tool('run_ipython_cell', 3600), 3_660_000],
    ['is never less than the user says', { requestTimeoutMs: 90_000 }, tool('run_shell_command', 5), 90_000],
    ['does not follow arguments of other tools', {}, tool('browser_wait', 5), 300_000],
    ['may be as long as you like', { requestTimeoutMs: Infinity }, tool('t'), 2 ** 31 - 1],
  ])('%s', async (_, options, call, expected) => {
    expect(await timerOf(options, call)).toBe(expected)
  })

  it.each([
    ['600', 660_000],
    ['60', 300_000],
    ['soon', 300_000],
  ])('with RUNTIME_SANDBOX_TIMEOUT=%s is %i ms', async (seconds, expected) => {
    vi.stubEnv('RUNTIME_SANDBOX_TIMEOUT', seconds)
    expect(await timerOf({}, tool('t'))).toBe(expected)
  })
})

describe('the request id', () => {
  it('is on every error', async () => {
    const own = /^[0-9a-f-]{36}$/
    await using wrong = await serverOf(answers(42))
    expect((await failureOf(managerOf(wrong).listSessionKeys())).requestId).toMatch(own)
    await using silent = await serverOf(breaksOff)
    expect((await failureOf(managerOf(silent).create())).requestId).toMatch(own)
    await using plain = await serverOf((_, response) => response.writeHead(500).end())
    expect((await failureOf(managerOf(plain).create())).requestId).toMatch(own)
    await using told = await serverOf(fails(500))
    expect((await failureOf(managerOf(told).create())).requestId).toBe('theirs')
    const limit = { code: 'limit_reached', detail: 'full', retryable: true, remediation: 'wait' }
    await using full = await serverOf((_, response) => answer(response, { data: null, error: limit }))
    expect(await failureOf(managerOf(full).create())).toMatchObject({ code: 'limit_reached' })
    expect((await failureOf(managerOf(full).create())).requestId).toMatch(own)
  })

  it('of a file error is the one that the answer carries', async () => {
    await using server = await serverOf(fails(404, { detail: 'not found' }, { 'x-request-id': 'r7' }))
    const error = await failureOf(new SandboxFiles(managerOf(server), 'x').read('a'))
    expect([error.code, error.requestId]).toEqual(['file_not_found', 'r7'])
  })
})

describe('options', () => {
  it.each([
    { retries: -1 },
    { retries: 1.5 },
    { retries: 11 },
    { requestTimeoutMs: 0 },
    { requestTimeoutMs: Number.NaN },
  ])('refuses %j', (options) => {
    expect(() => new HttpManager({ baseUrl: 'http://x', ...options })).toThrow(
      expect.objectContaining({ code: 'invalid_argument' }),
    )
  })

  it('refuses a token that no header can carry, without telling it', () => {
    const make = () => new HttpManager({ baseUrl: 'http://x', bearerToken: 'geheim\nx' })
    expect(make).toThrow(expect.objectContaining({ code: 'invalid_argument' }))
    expect(make).not.toThrow(/geheim/)
  })
})
