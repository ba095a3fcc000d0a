import { afterEach, beforeEach, describe, expect, expectTypeOf, it, vi } from 'vitest'
import { SandboxError } from '@runtime-sandbox/core'
import { BaseSandbox } from './base-sandbox.ts'
import { FakeSessions } from './fake-sessions.fixture.ts'
import type { EmbeddedOptions, RemoteOptions } from './sandbox-options.ts'
import { SandboxService } from './sandbox-service.ts'
import { Sandbox } from './sandbox.ts'

class AnalysisSandbox extends BaseSandbox {
  static override readonly sandboxType = 'analysis'
}
class BareSandbox extends Sandbox {}

const token = 'token'
let sessions: FakeSessions
let connection: RemoteOptions | EmbeddedOptions
let server: Awaited<ReturnType<FakeSessions['serve']>>

beforeEach(async () => {
  sessions = new FakeSessions()
  server = await sessions.serve(token)
})
afterEach(async () => {
  await server[Symbol.asyncDispose]()
})

/** Creations wait for each other until `count` have begun, or until somebody gives up. */
function gate(count: number) {
  let open = () => {}
  const all = new Promise<void>((resolve) => (open = resolve))
  let begun = 0
  sessions.beforeCreate = async () => {
    if (++begun >= count) open()
    await all
  }
  return { open: () => open() }
}

describe.each(['remote', 'embedded'])('a %s service', (where) => {
  beforeEach(() => {
    connection =
      where === 'remote' ? { baseUrl: server.baseUrl, bearerToken: token, retries: 0 } : { manager: sessions.embedded }
  })
  const serviceOf = () => new SandboxService(connection)

  it('makes what a session has not, and finds it again, also from another object', async () => {
    const [first] = await serviceOf().connect('S')
    expectTypeOf(first).toEqualTypeOf<BaseSandbox>()
    expect(first).toBeInstanceOf(BaseSandbox)
    expect(sessions.records.get(first.id)).toMatchObject({ sessionContextId: 'S', sandboxType: 'base' })
    const [again] = await serviceOf().connect('S')
    expect(again.id).toBe(first.id)
    expect((await again.runShellCommand('x')).stdout).toBe(first.id)
    expect(sessions.calls).toEqual(['create base'])
  })

  it('tells users and sessions apart', async () => {
    const service = serviceOf()
    const ids = await Promise.all([
      service.connect('S'),
      service.connect('S', { userId: 'u' }),
      service.connect('S', { userId: 'v' }),
      service.connect('T'),
    ])
    expect(new Set(ids.map(([sandbox]) => sandbox.id)).size).toBe(4)
    expect(sessions.names('S_u')).toEqual([ids[1][0].id])
    await expect(service.connect('')).rejects.toMatchObject({ code: 'invalid_argument' })
  })

  it('gives one sandbox for each type, in their order, by the type of its record', async () => {
    // Its image and its name look like those of other types.
    const custom = sessions.put({
      name: 'gui-base-browser',
      image: 'x/runtime-sandbox-base:1',
      sandboxType: 'analysis',
      sessionContextId: 'S',
    })
    const service = new SandboxService({
      ...connection,
      sandboxClasses: { analysis: AnalysisSandbox, bare: BareSandbox },
    })
    const sandboxes = await service.connect('S', { sandboxTypes: ['base', 'analysis', 'bare', 'gui'] })
    expectTypeOf(sandboxes).toEqualTypeOf<[BaseSandbox, AnalysisSandbox, BareSandbox, BaseSandbox]>()
    expect(sandboxes.map(({ constructor }) => constructor)).toEqual([
      BaseSandbox,
      AnalysisSandbox,
      BareSandbox,
      BaseSandbox,
    ])
    expect(sandboxes[1].id).toBe(custom.name)
    expect(sessions.calls.toSorted()).toEqual(['create bare', 'create base', 'create gui'])
    const dynamic = await service.connect('S', { sandboxTypes: ['base'] as string[] })
    expectTypeOf(dynamic).toEqualTypeOf<(BaseSandbox | AnalysisSandbox | BareSandbox)[]>()
    expect(dynamic.map(({ id }) => id)).toEqual([sandboxes[0].id])
    await expect(service.connect('S', { sandboxTypes: [] })).rejects.toMatchObject({ code: 'invalid_argument' })
  })

  it('takes the oldest of a type, a second one for a type named twice, and the asynchronous name for the same', async () => {
    sessions.put({ name: 'b', createdAt: 20, sessionContextId: 'S' })
    sessions.put({ name: 'a', createdAt: 30, sessionContextId: 'S' })
    const service = serviceOf()
    expect((await service.connect('S')).map(({ id }) => id)).toEqual(['b'])
    expect((await service.connect('S', { sandboxTypes: ['base_async'] })).map(({ id }) => id)).toEqual(['b'])
    const three = await service.connect('S', { sandboxTypes: ['base', 'base', 'base'] })
    expect(three.map(({ id }) => id).slice(0, 2)).toEqual(['b', 'a'])
    expect(sessions.calls).toEqual(['create base'])
  })

  it('reuses what sleeps and what was replaced, and nothing that has ended', async () => {
    sessions.put({ name: 'old', state: 'replaced', redirectTo: 'new', sessionContextId: 'S' })
    sessions.put({ name: 'new', state: 'recycled', sessionContextId: 'S' })
    const mapping = vi
      .spyOn(sessions.manager, 'getSessionMapping')
      .mockResolvedValueOnce(['old', 'new', 'gone', 'dead'])
    sessions.put({ name: 'dead', state: 'error', sessionContextId: 'S' })
    const two = await serviceOf().connect('S', { sandboxTypes: ['base', 'base'] })
    expect(two.map(({ id }) => id)).toEqual(['new', expect.stringMatching(/^box-/)])
    mapping.mockRestore()
  })

  it('makes nothing twice for calls at the same time, also of two objects', async () => {
    const services = [serviceOf(), serviceOf()]
    const both = await Promise.all(
      Array.from({ length: 10 }, (_, index) => services[index % 2]!.connect('S', { sandboxTypes: ['base', 'gui'] })),
    )
    expect(new Set(both.flat().map(({ id }) => id)).size).toBe(2)
    expect(sessions.calls).toHaveLength(2)
  })

  it('leaves nothing of a connection that fails', async () => {
    sessions.put({ name: 'mine', sessionContextId: 'S' })
    sessions.beforeCreate = async ({ sandboxType }) => {
      if (sandboxType === 'gui') throw new SandboxError('limit_reached', 'full')
    }
    const service = serviceOf()
    const failing = service.connect('S', { sandboxTypes: ['base', 'browser', 'gui'] })
    await expect(failing).rejects.toMatchObject({ code: 'limit_reached' })
    expect(sessions.names('S')).toEqual(['mine'])
    // It was not connected, so it is not this service's to end.
    await service.stop()
    expect(sessions.names('S')).toEqual(['mine'])
  })

  it('leaves the queue of a session when its caller gives up, and the others go on', async () => {
    const { open } = gate(Infinity)
    const service = serviceOf()
    const first = service.connect('S')
    const controller = new AbortController()
    const second = service.connect('S', { signal: controller.signal })
    const third = service.connect('S')
    const reason = new Error('enough')
    controller.abort(reason)
    await expect(second).rejects.toBe(reason)
    await expect(service.connect('S', { signal: AbortSignal.abort(reason) })).rejects.toBe(reason)
    open()
    expect((await third)[0].id).toBe((await first)[0].id)
    expect(sessions.calls).toEqual(['create base'])
  })

  it('leaves a sandbox to its session when the object is closed', async () => {
    {
      await using sandbox = (await serviceOf().connect('S'))[0]
      expect(sandbox.id).toBeDefined()
    }
    expect(sessions.names('S')).toHaveLength(1)
  })

  it('releases a session, whoever connected it', async () => {
    await serviceOf().connect('S', { sandboxTypes: ['base', 'gui'] })
    await serviceOf().connect('S', { userId: 'u' })
    const other = serviceOf()
    await other.release('S')
    expect([sessions.names('S'), sessions.names('S_u')]).toEqual([[], [expect.anything()]])
    await other.release('S', { userId: 'u' })
    await other.release('never there')
    expect(sessions.names('S_u')).toEqual([])
  })

  it('drains what it has connected, and nothing of others', async () => {
    const theirs = await serviceOf().connect('theirs')
    sessions.put({ name: 'foreign', sessionContextId: 'foreign' })
    {
      await using service = await serviceOf().start()
      await service.connect('a', { sandboxTypes: ['base', 'gui'] })
      await service.connect('b', { userId: 'u' })
      await service.connect('given up')
      await service.release('given up')
      // Somebody else's now.
      await serviceOf().connect('given up')
    }
    const left = [...sessions.records.values()].filter(({ state }) => state === 'running')
    expect(left.map(({ sessionContextId }) => `${sessionContextId}`).toSorted()).toEqual([
      'foreign',
      'given up',
      'theirs',
    ])
    expect(left.map(({ name }) => name)).toContain(theirs[0].id)
  })

  it('drains nothing when told so', async () => {
    const service = new SandboxService({ ...connection, drainOnStop: false })
    await service.connect('S')
    await service.stop()
    expect(sessions.names('S')).toHaveLength(1)
  })

  it('ends connecting when it stops, and leaves nothing of it', async () => {
    const begun = new Promise<void>((resolve) => {
      sessions.beforeCreate = async ({ signal }) => {
        resolve()
        await new Promise<void>((end) => signal?.addEventListener('abort', () => end()))
      }
    })
    const service = serviceOf()
    const connecting = service.connect('S')
    connecting.catch(() => {})
    await begun
    await service.stop()
    await expect(connecting).rejects.toMatchObject({ code: 'invalid_argument' })
    expect(sessions.names('S')).toEqual([])
  })

  it('is of no use after it has stopped, until it is started again', async () => {
    const service = serviceOf()
    expect(await service.health()).toBe(true)
    await service.stop()
    await service.stop()
    expect(await service.health()).toBe(false)
    await expect(service.connect('S')).rejects.toMatchObject({
      code: 'invalid_argument',
      message: expect.stringContaining('start()'),
    })
    await service.start()
    expect(await service.connect('S')).toHaveLength(1)
  })

  it('tells what it could not release, and tries that again', async () => {
    const service = serviceOf()
    await service.connect('a')
    await service.connect('b')
    const release = vi.spyOn(sessions.manager, 'release')
    release.mockRejectedValueOnce(new SandboxError('engine_unavailable', 'no engine'))
    await expect(service.stop()).rejects.toMatchObject({
      code: 'engine_unavailable',
      message: '1 session(s) could not be released, the first because: no engine',
    })
    expect([...sessions.names('a'), ...sessions.names('b')]).toHaveLength(1)
    await service.stop()
    expect([...sessions.names('a'), ...sessions.names('b')]).toEqual([])
  })

  it('asks for health within bounds, and tells its caller’s wish apart', async () => {
    const never = vi.spyOn(sessions.manager, 'getSessionMapping').mockReturnValue(new Promise(() => {}))
    const reason = new Error('enough')
    const service = serviceOf()
    await expect(service.health({ signal: AbortSignal.abort(reason) })).rejects.toBe(reason)
    const limit = vi.spyOn(AbortSignal, 'timeout').mockReturnValue(AbortSignal.abort(new Error('late')))
    expect(await service.health()).toBe(false)
    expect(limit).toHaveBeenCalledWith(5000)
    limit.mockRestore()
    never.mockRejectedValue(new SandboxError('state_unavailable', 'no store'))
    expect(await service.health()).toBe(false)
    await expect(service.start()).rejects.toMatchObject({ code: 'state_unavailable' })
  })
})

it('a service with a wrong token, or without a server, says so at its start', async () => {
  const wrong = new SandboxService({ baseUrl: server.baseUrl, bearerToken: 'wrong' })
  await expect(wrong.start()).rejects.toMatchObject({ code: 'unauthorized' })
  expect(await wrong.health()).toBe(false)
  vi.stubEnv('RUNTIME_SANDBOX_BASE_URL', '')
  expect(() => new SandboxService()).toThrow(SandboxError)
  vi.unstubAllEnvs()
})
