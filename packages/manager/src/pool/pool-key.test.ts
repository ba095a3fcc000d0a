import { describe, expect, it } from 'vitest'
import { securityProfile } from '@runtime-sandbox/core'
import type { SandboxPlan } from '../create/sandbox-plan.ts'
import { poolKeyOf } from './pool-key.ts'

const plan: SandboxPlan = {
  sandboxType: 'base',
  image: 'agentscope/runtime-sandbox-base:latest',
  limits: { memoryBytes: 1, cpus: 2 },
  security: securityProfile('medium'),
  timeoutSeconds: 60,
  environment: { A: '1', B: '2' },
  runtimeConfig: {},
  meta: {},
  sessionContextId: null,
  mountDir: null,
  storagePath: null,
  ownEnvironment: {},
  poolKey: null,
  predecessor: null,
}
const parts = { prefix: 'p-', imageId: 'sha256:1', readonlyMounts: [] }

describe('poolKeyOf', () => {
  it('begins with the type and does not depend on the order of keys', () => {
    const key = poolKeyOf(plan, parts)
    expect(key).toMatch(/^base:[0-9a-f]{20}$/)
    const reordered = { ...plan, environment: { B: '2', A: '1' }, limits: { cpus: 2, memoryBytes: 1 } }
    expect(poolKeyOf(reordered, parts)).toBe(key)
  })

  it.each([
    ['type', { ...plan, sandboxType: 'gui' }, parts],
    ['limits', { ...plan, limits: { memoryBytes: 2, cpus: 2 } }, parts],
    ['security', { ...plan, security: securityProfile('high') }, parts],
    ['network', { ...plan, security: securityProfile('medium', { network: false }) }, parts],
    ['time limit', { ...plan, timeoutSeconds: 61 }, parts],
    ['environment', { ...plan, environment: { A: '1' } }, parts],
    ['engine options', { ...plan, runtimeConfig: { shm_size: '2g' } }, parts],
    ['image', plan, { ...parts, imageId: 'sha256:2' }],
    ['deployment', plan, { ...parts, prefix: 'q-' }],
    ['mounts', plan, { ...parts, readonlyMounts: [{ source: '/a', target: '/b', readOnly: true }] }],
  ])('changes with the %s', (_, changed, changedParts) => {
    expect(poolKeyOf(changed, changedParts)).not.toBe(poolKeyOf(plan, parts))
  })
})
