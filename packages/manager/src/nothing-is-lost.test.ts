import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isActive } from '@runtime-sandbox/core'
import { Harness, settle } from './fixtures/harness.fixture.ts'
import type { SandboxManager } from './sandbox-manager.ts'

const maxInstances = 6
const poolSize = 2
const heartbeatTimeoutMs = 20_000
const shell = { arguments: { command: 'true' } }

/** What a test does next; `pick` chooses among the sandboxes that there are. */
type Step =
  | { kind: 'create' | 'createOther' | 'claim' | 'pass' | 'passLong' | 'newImage' }
  | { kind: 'release' | 'kill' | 'killSilently' | 'vanish' | 'stop'; pick: number }
  | { kind: 'use' | 'releaseGiven'; pick: number }
  | { kind: 'abort'; afterTurns: number }

const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ kind: fc.constantFrom('create', 'createOther', 'claim', 'claim', 'pass', 'newImage') }),
  fc.record({
    kind: fc.constantFrom('release', 'release', 'kill', 'killSilently', 'vanish', 'stop'),
    pick: fc.nat(20),
  }),
  fc.record({ kind: fc.constantFrom('use', 'use', 'use', 'releaseGiven'), pick: fc.nat(20) }),
  fc.record({ kind: fc.constant('passLong') }),
  fc.record({ kind: fc.constant('abort'), afterTurns: fc.nat(12) }),
)

class Actor {
  /** Names that callers were given, in order. */
  readonly given: string[] = []
  readonly #world: Harness
  readonly #manager: SandboxManager
  #images = 1

  constructor(world: Harness, manager: SandboxManager) {
    this.#world = world
    this.#manager = manager
  }

  async act(next: Step): Promise<void> {
    const { engine, clock } = this.#world
    const picked = 'pick' in next ? engine.names()[next.pick % Math.max(1, engine.containers.size)] : undefined
    const given = 'pick' in next ? this.given[next.pick % Math.max(1, this.given.length)] : undefined
    switch (next.kind) {
      case 'create':
        return this.#take(this.#manager.create({ meta: { session_ctx_id: 'S' } }))
      case 'createOther':
        return this.#take(this.#manager.create({ sandboxType: 'gui' }))
      case 'claim':
        return this.#take(this.#manager.createFromPool({ meta: { session_ctx_id: 'T' } }))
      case 'use':
        if (given) await this.#manager.callTool(given, 'run_shell_command', shell).catch(() => {})
        return
      case 'releaseGiven':
        if (given) await this.#manager.release(given)
        return
      case 'passLong':
        return this.#world.pass(30_000, 10_000)
      case 'abort':
        return this.#take(this.#manager.createFromPool({ signal: await abortAfter(next.afterTurns) }))
      case 'release':
        if (picked) await this.#manager.release(picked)
        return
      case 'kill':
      case 'killSilently':
        if (picked) engine.kill(picked, { silently: next.kind === 'killSilently' })
        return
      case 'vanish':
        if (picked) engine.vanish(picked)
        return
      case 'stop':
        if (picked) await this.#manager.stop(picked).catch(() => {})
        return
      case 'newImage':
        engine.imageId = `sha256:${++this.#images}`
        return
      case 'pass':
        await clock.advance(3000)
    }
  }

  async #take(creating: Promise<string>): Promise<void> {
    const name = await creating.catch(() => undefined)
    if (name !== undefined) this.given.push(name)
  }
}

async function abortAfter(turns: number): Promise<AbortSignal> {
  const controller = new AbortController()
  void settle(turns).then(() => controller.abort(new Error('gone')))
  return controller.signal
}

/** What must hold at any moment. */
function checkAlways(world: Harness, actor: Actor): void {
  expect(world.state.active()).toBeLessThanOrEqual(maxInstances)
  expect(new Set(actor.given).size).toBe(actor.given.length)
  for (const names of world.state.pools.values()) {
    for (const name of names) expect(actor.given).not.toContain(name)
  }
}

/** What must hold when everything has come to rest. */
function disorder(world: Harness): string[] {
  const problems: string[] = []
  for (const { spec, status } of world.engine.containers.values()) {
    const record = world.state.records.get(spec.name)
    if (!record || !isActive(record.state)) problems.push(`container ${spec.name} without an active record`)
    else if (status !== 'running' && !record.stateReason.includes('stopped'))
      problems.push(`dead container ${spec.name}`)
  }
  for (const directory of sharedWorkspaces(world)) problems.push(`two records with workspace ${directory}`)
  const parked = [...world.state.pools.values()].flat()
  for (const { name, state } of world.state.records.values()) {
    if (isActive(state) && !world.engine.byName(name)) problems.push(`record ${name} (${state}) without a container`)
    if (state === 'creating') problems.push(`record ${name} is being made for ever`)
    if (state === 'recycled' && world.engine.byName(name)) problems.push(`container of ${name}, which is recycled`)
    if (state === 'warm' && !parked.includes(name)) problems.push(`record ${name} is warm in no pool`)
  }
  if (parked.length > poolSize) problems.push('more is parked than the pool holds')
  return problems
}

/** Directories that are no lost sandbox's. */
async function workspacesLeft(world: Harness): Promise<string[]> {
  const lost = [...world.state.records.values()].filter(({ state }) => state === 'error')
  const kept = new Set(lost.map(({ mountDir }) => mountDir))
  const names = [...(await world.workspaces()), ...(await world.owned())]
  return names.filter((name) => !kept.has(join(world.root, name)))
}

/** No directory is two sandboxes'. */
function sharedWorkspaces(world: Harness): string[] {
  const directories = [...world.state.records.values()].flatMap(({ mountDir }) => mountDir ?? [])
  return directories.filter((directory, index) => directories.indexOf(directory) !== index)
}

describe('whatever happens in whatever order', () => {
  it('nothing is lost, given twice, or above the limit', { timeout: 60_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(step, fc.boolean()), { maxLength: 25 }), async (steps) => {
        const world = await Harness.make()
        const manager = await world.start({ poolSize, maxInstances, heartbeatTimeoutMs, workspaceRoot: world.root })
        const actor = new Actor(world, manager)
        const pending: Promise<void>[] = []
        for (const [next, wait] of steps) {
          const acting = actor.act(next)
          pending.push(acting)
          if (wait) await acting
          else await settle(1)
          checkAlways(world, actor)
        }
        await world.until(async () => (await settle(2), disorder(world)), [])
        await Promise.all(pending)
        checkAlways(world, actor)
        // Wholly idle, the pool is full again, or the limit is reached.
        await world.until(() => world.parked() === poolSize || world.state.active() === maxInstances, true)
        await manager.close()
        expect(world.engine.names()).toEqual([])
        expect(world.state.active()).toBe(0)
        expect(await workspacesLeft(world)).toEqual([])
        await world.dispose()
      }),
      { numRuns: 40 },
    )
  })
})
