import type { SandboxRecord } from '@runtime-sandbox/core'

let lastNumber = 0

/** A record that nobody has seen, in state `creating` unless told otherwise. */
export function sampleRecord(changes: Partial<SandboxRecord> = {}): SandboxRecord {
  const number = String(++lastNumber).padStart(6, '0')
  return {
    name: `test-${number}`,
    sessionId: number,
    containerId: '',
    url: '',
    ports: [],
    mountDir: null,
    storagePath: null,
    runtimeToken: 'token',
    image: 'example/runtime-sandbox-base:latest',
    imageId: null,
    meta: {},
    timeoutSeconds: 60,
    environment: {},
    sandboxType: 'base',
    state: 'creating',
    stateReason: 'asked for',
    sessionContextId: null,
    poolKey: null,
    createdAt: 1000,
    updatedAt: 1000,
    lastActiveAt: null,
    recycledAt: null,
    releasedAt: null,
    recycleReason: null,
    redirectTo: null,
    revision: 1,
    ...changes,
  }
}
