import { describe, expect, it } from 'vitest'
import { SandboxError, silentLogger, type LogFields } from '@runtime-sandbox/core'
import { createFakeClock } from '@runtime-sandbox/testkit'
import { newRecord } from '../create/container-spec.ts'
import { planOfType } from '../create/sandbox-plan.ts'
import { defaultSettings, Harness } from '../fixtures/harness.fixture.ts'
import { MapState } from '../fixtures/map-state.fixture.ts'
import { RecordLedger, type SandboxEvent } from './record-ledger.ts'

async function world() {
  const clock = createFakeClock()
  const state = new MapState(clock)
  const events: SandboxEvent[] = []
  const logged: LogFields[] = []
  const logger = { ...silentLogger, info: (fields: LogFields) => void logged.push(fields) }
  const ledger = new RecordLedger({ state, clock, logger, onEvent: (event) => events.push(event) })
  const { registry } = await Harness.make()
  const record = newRecord(
    planOfType({ settings: defaultSettings }, registry.get('base')),
    defaultSettings,
    clock.now(),
  )
  await ledger.insert(record)
  return { clock, state, ledger, record, events, logged }
}

describe('RecordLedger', () => {
  it('tells of every change once, in the log and to the listener, without a secret', async () => {
    const { ledger, record, events, logged } = await world()
    const running = await ledger.change(record, { state: 'running', reason: 'created', url: 'http://127.0.0.1:1' })
    await ledger.forget(running, 'expired')
    expect(events).toEqual([
      {
        event: 'sandbox.state',
        name: record.name,
        sandboxType: 'base',
        from: null,
        to: 'creating',
        reason: 'asked for',
      },
      {
        event: 'sandbox.state',
        name: record.name,
        sandboxType: 'base',
        from: 'creating',
        to: 'running',
        reason: 'created',
      },
      { event: 'sandbox.state', name: record.name, sandboxType: 'base', from: 'running', to: null, reason: 'expired' },
    ])
    expect(logged).toEqual(events)
    expect(JSON.stringify(logged)).not.toContain(record.runtimeToken)
  })

  it('changes one revision once', async () => {
    const { ledger, record } = await world()
    const changes = [1, 2, 3].map(() => ledger.change(record, { reason: 'x' }))
    const results = await Promise.allSettled(changes)
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
    expect(results.find(({ status }) => status === 'rejected')).toMatchObject({ reason: { code: 'conflict' } })
  })

  it('reads again when another change came first', async () => {
    const { ledger, record, state } = await world()
    const all = Array.from({ length: 5 }, (_, i) => ledger.changeLatest(record.name, () => ({ reason: `${i}` })))
    await Promise.all(all)
    expect(state.records.get(record.name)!.revision).toBe(6)
  })

  it('leaves alone what is decided so, is unknown, or was forgotten meanwhile', async () => {
    const { ledger, record, state } = await world()
    expect(await ledger.changeLatest(record.name, () => undefined)).toBeUndefined()
    expect(await ledger.changeLatest('unknown', () => ({ reason: 'x' }))).toBeUndefined()
    const forgetting = ledger.changeLatest(record.name, () => {
      state.records.delete(record.name)
      return { reason: 'x' }
    })
    expect(await forgetting).toBeUndefined()
  })

  it('gives up when it always comes second', async () => {
    const { ledger, record, state } = await world()
    let tries = 0
    state.update = () => Promise.reject(new SandboxError('conflict', `${++tries}`))
    await expect(ledger.changeLatest(record.name, () => ({ reason: 'x' }))).rejects.toMatchObject({ code: 'conflict' })
    expect(tries).toBe(8)
  })

  it('bounds a reason, and bears a listener that throws', async () => {
    const { clock, state, record } = await world()
    const throwing = () => {
      throw new Error('listener')
    }
    const ledger = new RecordLedger({ state, clock, logger: silentLogger, onEvent: throwing })
    const changed = await ledger.change(record, { reason: 'x'.repeat(10_000) })
    expect(changed.stateReason).toHaveLength(500)
  })
})
