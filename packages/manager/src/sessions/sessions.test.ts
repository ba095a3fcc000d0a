import { mkdir, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { codeOf, FakeStorage, Harness, settle } from '../fixtures/harness.fixture.ts'
import type { SandboxManager } from '../sandbox-manager.ts'

const shell = { arguments: { command: 'true' } }
const run = (manager: SandboxManager, name: string) => manager.callTool(name, 'run_shell_command', shell)
const settings = { heartbeatTimeoutMs: 10_000 }

/** A manager with one sandbox of session S, and a file in its workspace. */
async function oneSandbox(more: object = {}, overrides: object = {}) {
  const world = await Harness.make()
  const manager = await world.start({ ...settings, workspaceRoot: world.root, ...more }, overrides)
  const name = await manager.create({ meta: { session_ctx_id: 'S', mine: 1 }, environment: { COLOR: 'red' } })
  const directory = world.record(name).mountDir!
  await writeFile(join(directory, 'notes.txt'), 'kept')
  return { world, manager, name, directory }
}

async function untilRecycled(world: Harness, name: string): Promise<void> {
  await world.until(() => world.record(name).recycledAt !== null, true)
}

describe('an idle session', () => {
  it('loses its containers when nobody used it for the time-out, and keeps records and workspaces', async () => {
    const { world, manager, name, directory } = await oneSandbox()
    const other = await manager.create({ meta: { session_ctx_id: 'S' } })
    await world.pass(10_000)
    expect(world.engine.containers.size).toBe(2)
    await untilRecycled(world, name)
    await untilRecycled(world, other)
    expect(world.engine.containers.size).toBe(0)
    expect(await manager.getInfo(name)).toMatchObject({
      state: 'recycled',
      recycleReason: 'heartbeat_timeout',
      mountDir: directory,
      url: '',
    })
    expect(await readdir(directory)).toEqual(['notes.txt'])
    expect(await manager.getSessionMapping('S')).toEqual([name, other])
    expect(await manager.listSessionKeys()).toEqual(['S'])
  })

  it('is kept awake by calls, files and lists, not by a look at its health or its record', async () => {
    const { world, manager, name } = await oneSandbox()
    world.engine.answer = (_container, path, _request, response) =>
      void response.end(path.startsWith('mcp/list') ? '{}' : '{"content":[],"isError":false}')
    const uses = [
      () => run(manager, name),
      () => manager.listTools(name),
      async () => void (await (await manager.fetchRuntime(name, { method: 'GET', path: 'workspace/list' })).text()),
      () => manager.addMcpServers(name, { mcpServers: {} }),
    ]
    for (const use of uses) {
      await world.pass(8000)
      await use()
    }
    await world.pass(8000)
    expect(world.record(name).state).toBe('running')
    await manager.checkHealth(name)
    await manager.getInfo(name)
    await untilRecycled(world, name)
  })

  it('is kept awake by use of any of its sandboxes', async () => {
    const { world, manager, name } = await oneSandbox()
    const other = await manager.create({ meta: { session_ctx_id: 'S' } })
    for (let i = 0; i < 4; i++) {
      await world.pass(6000)
      await run(manager, other)
    }
    expect(world.record(name).state).toBe('running')
  })

  it('is not idle while a call is going on, and counts from its end', async () => {
    const { world, manager, name } = await oneSandbox()
    let answer = () => {}
    const asked = new Promise<void>((reached) => {
      world.engine.answer = (_container, _path, _request, response) => {
        answer = () => response.end('{"content":[],"isError":false}')
        reached()
      }
    })
    const call = run(manager, name)
    await asked
    await world.pass(40_000)
    answer()
    await call
    await settle()
    expect(world.record(name)).toMatchObject({ state: 'running', lastActiveAt: world.clock.now() })
    await world.pass(9000)
    expect(world.record(name).state).toBe('running')
    await untilRecycled(world, name)
  })

  it('is not idle while an answer is still being read', async () => {
    const { world, manager, name } = await oneSandbox()
    let end = () => {}
    world.engine.answer = (_container, _path, _request, response) => {
      response.write('first')
      end = () => response.end('last')
    }
    const answer = await manager.fetchRuntime(name, { method: 'GET', path: 'workspace/file' })
    await world.pass(40_000)
    expect(world.record(name).state).toBe('running')
    end()
    expect(await answer.text()).toBe('firstlast')
    await untilRecycled(world, name)
  })

  it('does not count a sandbox without a session', async () => {
    const world = await Harness.make()
    const manager = await world.start(settings)
    const name = await manager.create()
    await world.pass(60_000, 5000)
    expect(world.record(name).state).toBe('running')
  })

  it('frees its places in the limit', async () => {
    const { world, manager, name } = await oneSandbox({ maxInstances: 1 })
    expect(await codeOf(manager.create())).toBe('limit_reached')
    await untilRecycled(world, name)
    await manager.create()
    // A restore needs a place as any other; until there is one, the sandbox stays as it is.
    expect(await codeOf(run(manager, name))).toBe('limit_reached')
    expect(world.record(name).state).toBe('recycled')
  })

  it('costs the store one look at the index per scan, whatever there is', async () => {
    const { world, manager } = await oneSandbox()
    for (let i = 0; i < 20; i++) await manager.create({ meta: { session_ctx_id: `T${i}` } })
    let reads = 0
    const get = world.state.get.bind(world.state)
    world.state.get = (name) => ((reads += 1), get(name))
    await world.pass(5000)
    expect(reads).toBe(0)
  })

  it('is taken down later when the engine is away', async () => {
    const { world, name } = await oneSandbox()
    const remove = world.engine.remove.bind(world.engine)
    world.engine.remove = () => Promise.reject(new Error('engine away'))
    await world.until(() => world.record(name).state, 'recycled')
    await settle()
    expect([world.engine.containers.size, world.record(name).recycledAt]).toEqual([1, null])
    world.engine.remove = remove
    await untilRecycled(world, name)
    expect(world.engine.containers.size).toBe(0)
  })
})

describe('a recycled sandbox', () => {
  it('is restored by the next call, with its workspace, variables and session, under its old name too', async () => {
    const { world, manager, name, directory } = await oneSandbox()
    await untilRecycled(world, name)
    expect(await run(manager, name)).toMatchObject({ isError: false })
    const info = await manager.getInfo(name)
    expect(info).toMatchObject({ state: 'running', mountDir: directory, sessionContextId: 'S', meta: { mine: 1 } })
    expect(info.name).not.toBe(name)
    const { spec } = world.engine.byName(info.name)!
    expect(spec.environment).toMatchObject({ COLOR: 'red', SECRET_TOKEN: info.runtimeToken })
    expect(spec.mounts).toContainEqual({ source: directory, target: '/workspace', readOnly: false })
    expect(world.record(name)).toMatchObject({ state: 'replaced', redirectTo: info.name, mountDir: null })
    expect(await manager.getSessionMapping('S')).toEqual([info.name])
    expect(await readdir(directory)).toEqual(['notes.txt'])
  })

  it('is restored once, however many call at the same time', async () => {
    const { world, manager, name } = await oneSandbox()
    await untilRecycled(world, name)
    const results = await Promise.all(Array.from({ length: 10 }, () => run(manager, name)))
    expect(results).toHaveLength(10)
    expect(world.engine.containers.size).toBe(1)
  })

  it('is restored by traffic to its files as well', async () => {
    const { world, manager, name } = await oneSandbox()
    await untilRecycled(world, name)
    const answer = await manager.fetchRuntime(name, { method: 'GET', path: 'workspace/list' })
    expect(answer.status).toBe(200)
    await answer.text()
  })

  it('is not restored by a look at it', async () => {
    const { world, manager, name } = await oneSandbox()
    await untilRecycled(world, name)
    expect(await manager.checkHealth(name)).toBe(false)
    expect((await manager.getInfo(name)).name).toBe(name)
    expect(world.engine.containers.size).toBe(0)
  })

  it('can be restored again and again, and every old name stays good', async () => {
    const { world, manager, name, directory } = await oneSandbox()
    const names = [name]
    for (let round = 0; round < 13; round++) {
      await world.until(() => world.record(names.at(-1)!).state, 'recycled')
      await run(manager, name)
      names.push((await manager.getInfo(name)).name)
    }
    for (const old of names) expect((await manager.getInfo(old)).name).toBe(names.at(-1))
    expect(await readdir(directory)).toEqual(['notes.txt'])
    expect(await manager.release(names[3]!)).toBe(true)
    expect(world.engine.containers.size).toBe(0)
    expect(await world.workspaces()).toEqual([])
  })

  it('stays recycled when it cannot be made again, and is restored when it can', async () => {
    const { world, manager, name, directory } = await oneSandbox()
    await untilRecycled(world, name)
    world.engine.create = () => Promise.reject(new Error('no room'))
    await expect(run(manager, name)).rejects.toThrow()
    expect(world.record(name).state).toBe('recycled')
    expect(await readdir(directory)).toEqual(['notes.txt'])
    expect(world.state.active()).toBe(0)
    Reflect.deleteProperty(world.engine, 'create')
    await run(manager, name)
  })

  it('takes with it what the storage kept when its directory is gone', async () => {
    const storage = new FakeStorage()
    const { world, manager, name, directory } = await oneSandbox({ storageFolder: 'kept' }, { storage })
    const { storagePath } = world.record(name)
    await untilRecycled(world, name)
    expect(storage.kept.get(storagePath!)).toEqual(['notes.txt'])
    storage.downloads.length = 0
    await run(manager, name)
    expect(storage.downloads).toEqual([])
    const info = await manager.getInfo(name)
    expect(info).toMatchObject({ storagePath, mountDir: directory })
  })

  it('is released for good, with its workspace', async () => {
    const { world, manager, name } = await oneSandbox()
    await untilRecycled(world, name)
    expect(await manager.release(name)).toBe(true)
    expect(await world.workspaces()).toEqual([])
    expect(await manager.listSessionKeys()).toEqual([])
    expect(await codeOf(run(manager, name))).toBe('sandbox_not_running')
  })

  it('that is released while it is being restored is released, and nothing is left', async () => {
    const { world, manager, name } = await oneSandbox()
    await untilRecycled(world, name)
    world.engine.healthy = false
    const call = codeOf(run(manager, name))
    await expect.poll(() => world.engine.containers.size).toBe(1)
    const release = manager.release(name)
    world.engine.healthy = true
    for (const container of world.engine.containers.values()) container.healthy = true
    let released = false
    void release.then(() => (released = true))
    await world.until(() => released, true, 300)
    await call
    expect(world.engine.containers.size).toBe(0)
    expect(await world.workspaces()).toEqual([])
    expect(world.state.active()).toBe(0)
  })

  it('is released with its workspace when nobody came back for long', async () => {
    const { world, name } = await oneSandbox({ recycledRecordTtlMs: 60_000 })
    await untilRecycled(world, name)
    await world.until(() => world.record(name).state, 'released', 10_000)
    await expect.poll(() => world.workspaces()).toEqual([])
  })

  it('is destroyed by cleanup', async () => {
    const { world, manager, name } = await oneSandbox()
    await untilRecycled(world, name)
    await manager.cleanup()
    expect(world.record(name).state).toBe('released')
    expect(await world.workspaces()).toEqual([])
  })

  it('keeps the old name good for as long as it leads to somebody', async () => {
    const { world, manager, name } = await oneSandbox({ releasedRecordTtlMs: 30_000, heartbeatTimeoutMs: 20_000 })
    await untilRecycled(world, name)
    for (let i = 0; i < 8; i++) {
      await run(manager, name)
      await world.pass(12_000, 4000)
    }
    expect((await manager.getInfo(name)).state).toBe('running')
    const last = (await manager.getInfo(name)).name
    await manager.release(last)
    await world.until(() => world.state.records.size, 0, 10_000)
  })
})

describe('two servers with one store', () => {
  it('restore a sandbox once', async () => {
    const world = await Harness.make()
    world.state.ephemeral = false
    const shared = { ...settings, workspaceRoot: world.root, autoCleanup: false }
    const one = await world.start(shared)
    const two = await world.start(shared)
    const name = await one.create({ meta: { session_ctx_id: 'S' } })
    await untilRecycled(world, name)
    let done = 0
    for (const manager of [one, two, one, two]) void run(manager, name).then(() => (done += 1))
    await world.until(() => done, 4, 100)
    expect(world.engine.containers.size).toBe(1)
  })

  it('end what a killed one began: the new sandbox is there, the old record does not say so', async () => {
    const world = await Harness.make()
    world.state.ephemeral = false
    const shared = { ...settings, workspaceRoot: world.root, autoCleanup: false }
    const first = await world.start(shared)
    const name = await first.create({ meta: { session_ctx_id: 'S' } })
    const { mountDir } = world.record(name)
    const replacement = await first.create({ meta: { session_ctx_id: 'S' } })
    world.engine.vanish(name)
    const recycled = { state: 'recycled', recycledAt: 1, redirectTo: replacement, url: '' } as const
    Object.assign(world.record(name), recycled)
    Object.assign(world.record(replacement), { mountDir })
    const second = await world.start(shared)
    expect(world.record(name)).toMatchObject({ state: 'replaced', redirectTo: replacement })
    expect((await second.getInfo(name)).name).toBe(replacement)
  })

  it('leave the workspace alone when the one that restored was killed halfway', async () => {
    const world = await Harness.make()
    world.state.ephemeral = false
    const shared = { ...settings, workspaceRoot: world.root, autoCleanup: false }
    const first = await world.start(shared)
    const name = await first.create({ meta: { session_ctx_id: 'S' } })
    const directory = world.record(name).mountDir!
    await mkdir(join(directory, 'precious'))
    await untilRecycled(world, name)
    // As a killed server leaves it: the new record, its container, no lease.
    const half = await first.create({ meta: { session_ctx_id: 'S' } })
    Object.assign(world.record(half), { state: 'creating', mountDir: null, containerId: '' })
    Object.assign(world.record(name), { redirectTo: half })
    const second = await world.start(shared)
    expect(world.engine.byName(half)).toBeUndefined()
    await run(second, name)
    expect(await readdir(directory)).toEqual(['precious'])
    expect((await second.getInfo(name)).mountDir).toBe(directory)
  })
})
