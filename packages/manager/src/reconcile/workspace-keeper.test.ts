import { mkdir, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { codeOf, Harness } from '../fixtures/harness.fixture.ts'
import { MapState } from '../fixtures/map-state.fixture.ts'
import type { SandboxManager } from '../sandbox-manager.ts'

const shell = { arguments: { command: 'true' } }
const run = (manager: SandboxManager, name: string) => manager.callTool(name, 'run_shell_command', shell)

/** A server with sandboxes that outlive it, and the next one, which remembers nothing of it. */
async function twoServers(more: object = {}) {
  const world = await Harness.make()
  const settings = { heartbeatTimeoutMs: 10_000, workspaceRoot: world.root, autoCleanup: false, ...more }
  const first = await world.start(settings)
  const next = () => world.start(settings, { state: new MapState(world.clock) })
  const sandbox = async () => {
    const name = await first.create({ meta: { session_ctx_id: 'S' }, environment: { COLOR: 'red' } })
    const directory = world.record(name).mountDir!
    await writeFile(join(directory, 'notes.txt'), 'kept')
    return { name, directory }
  }
  return { world, first, next, sandbox }
}

describe('after a kill, with a store that forgot everything', () => {
  it('a recycled sandbox is restored by its old name, with its files, variables and session', async () => {
    const { world, sandbox, next } = await twoServers()
    const { name, directory } = await sandbox()
    await world.until(() => world.record(name).recycledAt !== null, true)
    const second = await next()
    expect(await second.getInfo(name)).toMatchObject({ state: 'recycled', mountDir: directory, runtimeToken: '' })
    expect(await second.getSessionMapping('S')).toEqual([name])
    await run(second, name)
    const info = await second.getInfo(name)
    expect(info).toMatchObject({ state: 'running', mountDir: directory, sessionContextId: 'S' })
    expect(info.runtimeToken).toMatch(/^[0-9a-f]{32}$/)
    expect(world.engine.byName(info.name)!.spec.environment).toMatchObject({ COLOR: 'red' })
    expect(await readdir(directory)).toEqual(['notes.txt'])
  })

  it('every earlier name of an adopted sandbox leads to it', async () => {
    const { world, first, sandbox, next } = await twoServers()
    const { name } = await sandbox()
    const names = [name]
    for (let round = 0; round < 3; round++) {
      await world.until(() => world.record(names.at(-1)!).recycledAt !== null, true)
      await run(first, name)
      names.push((await first.getInfo(name)).name)
    }
    const second = await next()
    for (const earlier of names) expect((await second.getInfo(earlier)).name).toBe(names.at(-1))
    const third = await next()
    for (const earlier of names) expect((await third.getInfo(earlier)).name).toBe(names.at(-1))
  })

  it('a sandbox that was being restored is there once, and has the workspace', async () => {
    const { world, first, sandbox, next } = await twoServers()
    const { name, directory } = await sandbox()
    await world.until(() => world.record(name).recycledAt !== null, true)
    world.engine.healthy = false
    void codeOf(run(first, name))
    await expect.poll(() => world.engine.containers.size).toBe(1)
    for (const container of world.engine.containers.values()) container.healthy = true
    const second = await next()
    const [made] = world.engine.names()
    expect((await second.getInfo(name)).name).toBe(made)
    expect(await second.getInfo(made!)).toMatchObject({ mountDir: directory, state: 'running' })
    expect(await readdir(directory)).toEqual(['notes.txt'])
  })

  it('a directory that nobody was told of is deleted', async () => {
    const { world, first, next } = await twoServers()
    world.engine.create = (_spec, options) =>
      new Promise((_, reject) =>
        options?.signal?.addEventListener('abort', () => reject(options.signal!.reason as Error)),
      )
    void codeOf(first.create())
    await expect.poll(() => world.workspaces()).toHaveLength(1)
    Reflect.deleteProperty(world.engine, 'create')
    await next()
    expect([await world.workspaces(), await world.owned()]).toEqual([[], []])
  })

  it('a directory whose container is gone stays, and is told', async () => {
    const { world, sandbox, next } = await twoServers()
    const { name, directory } = await sandbox()
    world.engine.vanish(name)
    await next()
    expect(await readdir(directory)).toEqual(['notes.txt'])
    expect(world.logged).toContainEqual(
      expect.objectContaining({ level: 'error', fields: expect.objectContaining({ directory }) }),
    )
  })

  it('nothing stays where every sandbox ends with the server', async () => {
    const { world, sandbox, next } = await twoServers({ autoCleanup: true })
    const [recycled, lost] = [await sandbox(), await sandbox()]
    await world.until(() => world.record(recycled.name).recycledAt !== null, true)
    world.engine.vanish(lost.name)
    await next()
    expect([await world.workspaces(), await world.owned()]).toEqual([[], []])
  })

  it('what is another’s, or nobody’s, is left alone', async () => {
    const { world, sandbox } = await twoServers({ autoCleanup: true })
    const { name, directory } = await sandbox()
    world.engine.vanish(name)
    const unknown = join(world.root, 'a'.repeat(25))
    await mkdir(unknown)
    await writeFile(join(world.root, '.owners', `${'b'.repeat(25)}.json`), 'not JSON')
    const other = { workspaceRoot: world.root, stateKey: 'another' }
    await world.start(other, { state: new MapState(world.clock) })
    await world.start({ ...other, prefix: 'other-' }, { state: new MapState(world.clock) })
    expect(await readdir(directory)).toEqual(['notes.txt'])
    expect(await readdir(unknown)).toEqual([])
  })
})
