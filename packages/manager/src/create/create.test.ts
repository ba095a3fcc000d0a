import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { labels, securityProfile } from '@runtime-sandbox/core'
import { codeOf, FakeStorage, Harness } from '../fixtures/harness.fixture.ts'

describe('create', () => {
  it('makes a healthy sandbox and tells its name', async () => {
    const world = await Harness.make()
    const manager = await world.start()
    const name = await manager.create({ sandboxType: 'base', meta: { session_ctx_id: 'S', x: 1 } })
    const record = await manager.getInfo(name)
    expect(name).toBe(`box-${record.sessionId}`)
    expect(record).toMatchObject({
      state: 'running',
      sandboxType: 'base',
      sessionContextId: 'S',
      meta: { session_ctx_id: 'S', x: 1 },
      timeoutSeconds: 60,
      imageId: 'sha256:one',
      poolKey: null,
    })
    expect(record.runtimeToken).toMatch(/^[0-9a-f]{32}$/)
    expect(world.engine.byName(name)!.requests).toEqual(['GET healthz'])
    expect(await manager.getInfo(record.sessionId)).toEqual(record)
    expect(world.events.map(({ from, to, reason }) => [from, to, reason])).toEqual([
      [null, 'creating', 'asked for'],
      ['creating', 'running', 'created'],
    ])
  })

  it('gives the engine labels that are enough to find it again, the token, and the limits', async () => {
    const world = await Harness.make()
    const manager = await world.start({ defaultTimeoutSeconds: 90 })
    const name = await manager.create({ environment: { A: '1' }, meta: { session_ctx_id: 'S' } })
    const { spec } = world.engine.byName(name)!
    const { runtimeToken, sessionId } = await manager.getInfo(name)
    expect(spec.environment).toEqual({ A: '1', SECRET_TOKEN: runtimeToken, NGINX_TIMEOUT: '90' })
    expect(spec.security).toEqual(securityProfile('medium'))
    expect(spec.limits).toMatchObject({ memoryBytes: 2 * 2 ** 30, cpus: 1, pids: 512 })
    expect(spec.port).toBe(80)
    expect(spec.labels).toEqual({
      [labels.deployment]: 'box-',
      [labels.stateKey]: 'store-1',
      [labels.name]: name,
      [labels.sandboxType]: 'base',
      [labels.sessionId]: sessionId,
      [labels.timeoutSeconds]: '90',
      [labels.variables]: 'A',
      [labels.sessionContextId]: 'S',
    })
  })

  it('takes everything from the type: image, limits, level, time limit, environment', async () => {
    const world = await Harness.make()
    world.registry.register('example/mine:1', {
      sandboxType: 'mine',
      resourceLimits: { memory: '1g' },
      securityLevel: 'high',
      timeout: 5,
      environment: { A: 'type', B: 'type' },
      runtimeConfig: { key: 'value' },
    })
    const manager = await world.start()
    const name = await manager.create({ sandboxType: 'mine_async', environment: { B: 'request' } })
    expect(world.engine.byName(name)!.spec).toMatchObject({
      image: 'example/mine:1',
      sandboxType: 'mine',
      limits: { memoryBytes: 2 ** 30, cpus: 1, pids: 512 },
      security: { level: 'high', nonRoot: true },
      environment: { A: 'type', B: 'request', NGINX_TIMEOUT: '5' },
      runtimeConfig: { key: 'value' },
    })
    expect(await manager.getInfo(name)).toMatchObject({ sandboxType: 'mine', timeoutSeconds: 5 })
  })

  it.each([
    ['an unknown type', { sandboxType: 'nope' }, 'unknown_sandbox_type'],
    ['a reserved variable', { environment: { SECRET_TOKEN: 'x' } }, 'invalid_argument'],
    ['a null variable', { environment: { A: null as unknown as string } }, 'invalid_argument'],
    ['a session that is none', { meta: { session_ctx_id: 7 } }, 'invalid_argument'],
    ['a host directory', { mountDir: '/srv/data' }, 'mount_refused'],
    ['a storage that is not there', { storagePath: 'a' }, 'not_supported'],
    ['a storage path that climbs', { storagePath: 'a/../../b' }, 'invalid_argument'],
  ])('refuses %s and makes nothing', async (_, options, code) => {
    const world = await Harness.make()
    const manager = await world.start()
    world.engine.calls.length = 0
    expect(await codeOf(manager.create(options))).toBe(code)
    expect(world.state.records.size).toBe(0)
    expect(world.engine.calls.filter((call) => call !== 'watch')).toEqual([])
  })

  it('counts against the limit, also while it is being made', async () => {
    const world = await Harness.make()
    const manager = await world.start({ maxInstances: 3 })
    const results = await Promise.allSettled(Array.from({ length: 8 }, () => manager.create()))
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(3)
    expect(world.engine.most).toBe(3)
    expect(await codeOf(manager.create())).toBe('limit_reached')
  })

  it('waits until the runtime answers', async () => {
    const world = await Harness.make()
    const manager = await world.start()
    world.engine.healthy = false
    const creating = manager.create()
    await expect.poll(() => world.engine.containers.size).toBe(1)
    const [container] = world.engine.containers.values()
    await expect.poll(() => container!.requests.length).toBeGreaterThan(0)
    container!.healthy = true
    await world.until(() => world.record(container!.spec.name).state, 'running', 100)
    expect(await creating).toBe(container!.spec.name)
  })

  it('gives up when the runtime never answers, and leaves nothing', async () => {
    const world = await Harness.make()
    const manager = await world.start({ startTimeoutMs: 3000, workspaceRoot: world.root })
    world.engine.healthy = false
    const creating = codeOf(manager.create())
    let result: string | undefined
    void creating.then((code) => (result = code))
    await world.until(() => result, 'sandbox_start_failed', 50)
    expect([world.engine.containers.size, world.state.records.size, await world.workspaces()]).toEqual([0, 0, []])
    const warning = world.logged.find(({ message }) => message === 'a sandbox could not be made')
    expect(warning?.fields['logTail']).toBe('last words')
  })

  it('gives up at once when the container exits', async () => {
    const world = await Harness.make()
    const manager = await world.start()
    world.engine.healthy = false
    const creating = manager.create()
    await expect.poll(() => world.engine.containers.size).toBe(1)
    world.engine.kill(world.engine.names()[0]!)
    await expect(creating).rejects.toMatchObject({
      code: 'sandbox_start_failed',
      message: expect.stringContaining('exit code 137'),
    })
    expect(world.engine.containers.size).toBe(0)
  })

  it('notices an exit also where the engine tells of none', async () => {
    const world = await Harness.make()
    const manager = await world.start()
    world.engine.healthy = false
    const creating = codeOf(manager.create())
    let result: string | undefined
    void creating.then((code) => (result = code))
    await expect.poll(() => world.engine.containers.size).toBe(1)
    world.engine.kill(world.engine.names()[0]!, { silently: true })
    await world.until(() => result, 'sandbox_start_failed', 100)
    expect(world.clock.now()).toBeLessThan(1_000_000 + 30_000)
  })

  it('takes everything back when the caller aborts', async () => {
    const world = await Harness.make()
    const manager = await world.start({ workspaceRoot: world.root })
    world.engine.healthy = false
    const abort = new AbortController()
    const creating = manager.create({ signal: abort.signal })
    await expect.poll(() => world.engine.containers.size).toBe(1)
    abort.abort(new Error('enough'))
    await expect(creating).rejects.toThrow('enough')
    expect([world.engine.containers.size, world.state.records.size, await world.workspaces()]).toEqual([0, 0, []])
  })

  it('does not tell a client about the host', async () => {
    const world = await Harness.make()
    await writeFile(join(world.root, 'file'), '')
    const manager = await world.start({ workspaceRoot: join(world.root, 'file', 'workspaces') })
    await expect(manager.create()).rejects.toMatchObject({ code: 'internal', message: 'the sandbox could not be made' })
    expect(world.state.records.size).toBe(0)
  })
})

describe('workspaces', () => {
  it('are made for each sandbox, mounted, and deleted with it', async () => {
    const world = await Harness.make()
    const manager = await world.start({ workspaceRoot: join(world.root, 'deep', 'root') })
    const name = await manager.create()
    const { mountDir, sessionId } = await manager.getInfo(name)
    expect(mountDir).toBe(join(world.root, 'deep', 'root', sessionId))
    expect(world.engine.byName(name)!.spec.mounts).toEqual([
      { source: mountDir, target: '/workspace', readOnly: false },
    ])
    await manager.release(name)
    expect(await world.workspaces()).toEqual(['deep'])
    expect(world.record(name)).toMatchObject({ state: 'released', mountDir: null, url: '' })
  })

  it('of a caller are mounted where that is allowed, and never deleted', async () => {
    const world = await Harness.make()
    await mkdir(join(world.root, 'mine'))
    const manager = await world.start({ allowMountDir: true, workspaceRoot: join(world.root, 'root') })
    const name = await manager.create({ mountDir: join(world.root, 'mine') })
    expect(world.engine.byName(name)!.spec.mounts[0]!.source).toBe(join(world.root, 'mine'))
    await manager.release(name)
    expect(await world.workspaces()).toContain('mine')
    expect(await codeOf(manager.create({ mountDir: '/proc' }))).toBe('mount_refused')
    expect(await codeOf(manager.create({ mountDir: join(world.root, 'root') }))).toBe('mount_refused')
  })

  it('are refused where the engine cannot mount them', async () => {
    const world = await Harness.make()
    world.engine.mountsHostDirectories = false
    const manager = await world.start({ allowMountDir: true, workspaceRoot: world.root })
    expect(await codeOf(manager.create({ mountDir: world.root }))).toBe('mount_refused')
    const name = await manager.create()
    expect(world.engine.byName(name)!.spec.mounts).toEqual([])
  })

  it('come from the storage and go back to it', async () => {
    const world = await Harness.make()
    const storage = new FakeStorage()
    const manager = await world.start({ workspaceRoot: world.root, storageFolder: 'kept' }, { storage })
    const own = await manager.create()
    const { sessionId } = await manager.getInfo(own)
    const named = await manager.create({ storagePath: 'projects/a' })
    expect(storage.downloads).toEqual([`kept/${sessionId}`, 'projects/a'])
    await mkdir(join(world.root, sessionId, 'result'))
    await manager.release(own)
    await manager.release(named)
    expect([...storage.kept]).toEqual([
      [`kept/${sessionId}`, ['result']],
      ['projects/a', []],
    ])
    expect(await world.workspaces()).toEqual([])
  })

  it('get the shared mounts, read-only', async () => {
    const world = await Harness.make()
    await mkdir(join(world.root, 'shared'))
    const manager = await world.start({ readonlyMounts: { [join(world.root, 'shared')]: '/shared' } })
    const name = await manager.create()
    expect(world.engine.byName(name)!.spec.mounts).toEqual([
      { source: join(world.root, 'shared'), target: '/shared', readOnly: true },
    ])
  })

  it.each(['/var/run', '/proc', '/', '/no/such/path'])('a shared mount of %s stops the start', async (path) => {
    const world = await Harness.make()
    expect(await codeOf(world.start({ readonlyMounts: { [path]: '/x' } }))).toBe('mount_refused')
  })
})

describe('start', () => {
  it('refuses default types that are none', async () => {
    const world = await Harness.make()
    expect(await codeOf(world.start({ defaultSandboxTypes: ['base', 'nope'] }))).toBe('unknown_sandbox_type')
    expect(await codeOf(world.start({ defaultSandboxTypes: [] }))).toBe('invalid_argument')
  })
})
