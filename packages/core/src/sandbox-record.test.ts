import { describe, expect, it } from 'vitest'
import { activeStates, isActive, sandboxRecordSchema, sandboxStateSchema, sessionStates } from './sandbox-record.ts'

const record = {
  name: 'agent-runtime-container-abc',
  sessionId: 'abc',
  containerId: 'c0ffee',
  url: 'unix:/run/x.sock',
  ports: [49_152, '443/path/'],
  mountDir: '/data/abc',
  storagePath: null,
  runtimeToken: 'token',
  image: 'agentscope/runtime-sandbox-base:latest',
  imageId: 'sha256:1',
  meta: { session_ctx_id: 'S', deep: [1, { two: null }] },
  timeoutSeconds: 60,
  environment: {},
  sandboxType: 'base',
  state: 'running',
  stateReason: 'claimed',
  sessionContextId: 'S',
  poolKey: null,
  createdAt: 1,
  updatedAt: 2,
  lastActiveAt: 3.5,
  recycledAt: null,
  releasedAt: null,
  recycleReason: null,
  redirectTo: null,
  revision: 1,
}

describe('sandboxRecordSchema', () => {
  it('takes a record, through JSON too', () => {
    expect(sandboxRecordSchema.parse(record)).toEqual(record)
    expect(sandboxRecordSchema.parse(JSON.parse(JSON.stringify(record)))).toEqual(record)
  })

  it.each([
    ['name', ''],
    ['sessionId', ''],
    ['state', 'WARM'],
    ['revision', 0],
    ['revision', 1.5],
    ['ports', [1.5]],
    ['meta', null],
    ['timeoutSeconds', 0],
    ['mountDir', undefined],
    ['createdAt', '1'],
  ])('refuses %s = %j', (field, value) => {
    expect(sandboxRecordSchema.safeParse({ ...record, [field]: value }).error?.issues[0]?.path[0]).toBe(field)
  })
})

describe('states', () => {
  it('are active while there is something on the engine', () => {
    expect(sandboxStateSchema.options.filter(isActive)).toEqual(['creating', 'warm', 'running'])
    expect(activeStates).toEqual(['creating', 'warm', 'running'])
  })

  it('belong to a session until it is over', () => {
    expect(sessionStates).toEqual(['creating', 'running', 'recycled'])
  })
})
