import {
  SandboxError,
  activeStates,
  type SandboxRecord,
  type SandboxState,
  type StateStore,
} from '@runtime-sandbox/core'
import fc from 'fast-check'
import { expect } from 'vitest'
import { sampleRecord } from './sample-record.ts'
import { assertSame } from './state-model-check.ts'
import { poolKeys, sessionIds, type StateModel } from './state-model.ts'

type StateCommand = fc.AsyncCommand<StateModel, StateStore>
type Step = (model: StateModel, store: StateStore) => Promise<void>

/** One step of a history, after which store and model must tell the same. */
function command(label: string, step: Step): StateCommand {
  return {
    check: () => true,
    run: async (model, store) => {
      await step(model, store)
      await assertSame(model, store)
    },
    toString: () => label,
  }
}

const states: readonly SandboxState[] = ['creating', 'warm', 'running', 'recycled', 'replaced', 'released', 'error']
const state = fc.constantFrom(...states)
const session = fc.option(fc.constantFrom(...sessionIds))
const poolKey = fc.constantFrom(...poolKeys)
/** Which of the records that there are; a name that was forgotten or never known now and then. */
const pick = fc.nat({ max: 30 })

function nameAt(model: StateModel, index: number): string {
  return [...model.records.keys()][index] ?? 'nobody'
}

async function codeOf(call: Promise<unknown>): Promise<string> {
  try {
    await call
    return 'done'
  } catch (error) {
    if (SandboxError.is(error)) return error.code
    throw error
  }
}

const insert = fc
  .record({ state, sessionContextId: session, poolKey: fc.option(poolKey), capacity: fc.integer({ min: 1, max: 12 }) })
  .map(({ capacity, ...fields }) =>
    command(`insert(${JSON.stringify(fields)}, ${capacity})`, async (model, store) => {
      const record = sampleRecord({ ...fields, createdAt: model.now, updatedAt: model.now })
      const full = activeStates.includes(record.state) && model.active >= capacity
      expect(await codeOf(store.insert(record, { capacity }))).toBe(full ? 'limit_reached' : 'done')
      if (!full) model.put(record)
    }),
  )

const update = fc
  .tuple(pick, fc.record({ state, sessionContextId: session }, { requiredKeys: [] }), fc.boolean())
  .map(([index, patch, stale]) =>
    command(`update(${index}, ${JSON.stringify(patch)}${stale ? ', stale' : ''})`, async (model, store) => {
      const name = nameAt(model, index)
      const current = model.records.get(name)
      const revision = (current?.revision ?? 1) + Number(stale)
      const expected = current ? (stale ? 'conflict' : 'done') : 'sandbox_not_found'
      expect(await codeOf(store.update(name, revision, patch, model.now))).toBe(expected)
      if (expected === 'done') model.put(changed(current!, patch, model.now))
    }),
  )

function changed(record: SandboxRecord, patch: Partial<SandboxRecord>, at: number): SandboxRecord {
  return { ...record, ...patch, updatedAt: at, revision: record.revision + 1 }
}

const remove = pick.map((index) =>
  command(`remove(${index})`, async (model, store) => {
    const name = nameAt(model, index)
    await store.remove(name)
    model.remove(name)
  }),
)

const park = pick.map((index) =>
  command(`park(${index})`, async (model, store) => {
    const name = nameAt(model, index)
    const record = model.records.get(name)
    const fit = record?.state === 'warm' && record.poolKey !== null
    expect(await codeOf(store.park(name))).toBe(record ? (fit ? 'done' : 'conflict') : 'sandbox_not_found')
    if (fit && !model.parked.includes(name)) model.parked.push(name)
  }),
)

function handOut(model: StateModel, record: SandboxRecord): void {
  expect(model.handedOut.has(record.name), `${record.name} has an owner`).toBe(false)
  model.handedOut.add(record.name)
}

const claim = fc.tuple(poolKey, session, fc.integer({ min: 1, max: 4 })).map(([pool, sessionContextId, count]) =>
  command(`claim(${pool}, ${sessionContextId}) x${count} at once`, async (model, store) => {
    const options = { meta: { by: sessionContextId }, sessionContextId, at: model.now }
    const claims = await Promise.all(Array.from({ length: count }, () => store.claim(pool, options)))
    const expected = model.parkedIn(pool).slice(0, count)
    const records = claims.filter((record) => record !== undefined)
    expect(records.map(({ name }) => name).toSorted()).toEqual(expected.toSorted())
    const inOrder = expected.map((name) => records.find((record) => record.name === name)!)
    for (const record of inOrder) {
      handOut(model, record)
      const before = model.records.get(record.name)!
      const patch = { meta: options.meta, sessionContextId, state: 'running', stateReason: 'claimed' } as const
      model.put(changed(before, { ...patch, lastActiveAt: model.now }, model.now))
    }
  }),
)

const withdraw = pick.map((index) =>
  command(`withdraw(${index}) by two at once`, async (model, store) => {
    const name = nameAt(model, index)
    const wins = (await Promise.all([store.withdraw(name), store.withdraw(name)])).filter(Boolean)
    expect(wins).toHaveLength(model.parked.includes(name) ? 1 : 0)
    model.unpark(name)
  }),
)

const touch = fc.constantFrom(...sessionIds).map((id) =>
  command(`touch(${id})`, async (model, store) => {
    const marked = await store.touchSession(id, model.now)
    expect(marked.toSorted()).toEqual(
      model
        .runningOf(id)
        .map(({ name }) => name)
        .toSorted(),
    )
    model.touch(id)
  }),
)

const recycle = fc.tuple(pick, fc.integer({ min: -100, max: 100 })).map(([index, distance]) =>
  command(`recycleIdle(${index}, ${distance})`, async (model, store) => {
    const record = model.records.get(nameAt(model, index))
    const idleBefore = model.now + distance
    const idle = record?.state === 'running' && (record.lastActiveAt ?? record.createdAt) < idleBefore
    const recycled = await store.recycleIdle(record?.name ?? 'nobody', { idleBefore, reason: 'idle', at: model.now })
    expect(recycled?.name).toBe(idle ? record.name : undefined)
    const patch = { state: 'recycled', stateReason: 'idle', recycleReason: 'idle' } as const
    if (idle) model.put(changed(record, patch, model.now))
  }),
)

// Servers' clocks differ a little, so time goes back now and then.
const tick = fc.integer({ min: -50, max: 200 }).map((ms) =>
  command(`tick(${ms})`, async (model) => {
    model.now += ms
  }),
)

const portRange = [100, 106] as const
const owner = fc.constantFrom('x', 'y', 'xy')

const leasePort = owner.map((by) =>
  command(`leasePort(${by})`, async (model, store) => {
    const port = await store.leasePort(portRange, by)
    if (port === undefined) expect(model.ports.size).toBe(portRange[1] - portRange[0])
    else {
      expect(model.ports.has(port), `port ${port} was free`).toBe(false)
      model.ports.set(port, by)
    }
  }),
)

const holdPort = fc.tuple(fc.integer({ min: portRange[0], max: portRange[1] - 1 }), owner).map(([port, by]) =>
  command(`holdPort(${port}, ${by})`, async (model, store) => {
    const holder = model.ports.get(port) ?? by
    expect(await store.holdPort(port, by)).toBe(holder === by)
    model.ports.set(port, holder)
  }),
)

const freePorts = owner.map((by) =>
  command(`freePorts(${by})`, async (model, store) => {
    await store.freePorts(by)
    for (const [port, holder] of model.ports) if (holder === by) model.ports.delete(port)
  }),
)

/** Every kind of step; those that make and hand out sandboxes come more often. */
export const stateCommands: fc.Arbitrary<StateCommand>[] = [
  insert,
  insert,
  insert,
  update,
  update,
  park,
  park,
  claim,
  withdraw,
  remove,
  touch,
  recycle,
  tick,
  leasePort,
  holdPort,
  freePorts,
]
