import type { StateStore } from '@runtime-sandbox/core'
import { expect } from 'vitest'
import { poolKeys, sessionIds, type StateModel } from './state-model.ts'

/** Compares everything that can be read from the store with the model. */
export async function assertSame(model: StateModel, store: StateStore): Promise<void> {
  await sameRecords(model, store)
  await samePools(model, store)
  await sameSessions(model, store)
  await sameEnds(model, store)
}

async function sameRecords(model: StateModel, store: StateStore): Promise<void> {
  const listed = await Array.fromAsync(store.list())
  expect(new Map(listed.map((record) => [record.name, record]))).toEqual(model.records)
  expect(listed).toHaveLength(model.records.size)
  expect(await store.countActive()).toBe(model.active)
}

async function samePools(model: StateModel, store: StateStore): Promise<void> {
  for (const poolKey of poolKeys) {
    const names = model.parkedIn(poolKey)
    expect(await store.listParked(poolKey)).toEqual(names)
    expect(await store.countParked(poolKey)).toBe(names.length)
  }
  const filled = poolKeys.filter((poolKey) => model.parkedIn(poolKey).length > 0)
  expect((await store.listPools()).toSorted()).toEqual(filled)
}

async function sameSessions(model: StateModel, store: StateStore): Promise<void> {
  expect((await store.listSessions()).toSorted()).toEqual([...model.sessions.keys()].toSorted())
  for (const id of sessionIds) expect(await store.listSessionSandboxes(id)).toEqual(model.sessions.get(id) ?? [])
  const idle = await store.listIdleSessions(model.now, 100)
  const expected = [...model.activity].filter(([, at]) => at < model.now)
  expect(idle.toSorted()).toEqual(expected.map(([id]) => id).toSorted())
  inOrder(idle.map((id) => model.activity.get(id)!))
}

async function sameEnds(model: StateModel, store: StateStore): Promise<void> {
  const recycled = await store.listRecycled(model.now, 100)
  const idle = model.recycled.filter(({ updatedAt }) => updatedAt < model.now)
  expect(recycled.toSorted()).toEqual(idle.map(({ name }) => name).toSorted())
  inOrder(recycled.map((name) => model.records.get(name)!.updatedAt))
  const expired = await store.listExpired(model.now, 100)
  const expected = model.ended.filter(({ updatedAt }) => updatedAt < model.now)
  expect(expired.toSorted()).toEqual(expected.map(({ name }) => name).toSorted())
  inOrder(expired.map((name) => model.records.get(name)!.updatedAt))
}

function inOrder(numbers: readonly number[]): void {
  expect(numbers).toEqual(numbers.toSorted((a, b) => a - b))
}
