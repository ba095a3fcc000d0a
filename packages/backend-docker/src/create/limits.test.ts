import { securityProfile } from '@runtime-sandbox/core'
import { expect, it } from 'vitest'
import { containerSpec, engineFeatures } from '../container-spec.fixture.ts'
import { dockerLimits } from './limits.ts'

const low = containerSpec({ security: securityProfile('low') })
const medium = containerSpec()
const defaults = { Memory: 2 * 2 ** 30, MemorySwap: 2 * 2 ** 30, NanoCpus: 1e9, PidsLimit: 512 }

it('bounds every sandbox above level low', () => {
  expect(dockerLimits(medium, {}, engineFeatures())).toEqual(defaults)
  expect(dockerLimits(containerSpec({ security: securityProfile('high') }), {}, engineFeatures())).toEqual(defaults)
  expect(dockerLimits(low, {}, engineFeatures())).toEqual({})
})

it('prefers what the type sets to what its options say', () => {
  const spec = { ...medium, limits: { memoryBytes: 7e6, cpus: 0.5, pids: 9, shmBytes: 5 } }
  const config = { mem_limit: 8e6, nano_cpus: 2e9, pids_limit: 10, shm_size: 6 }
  expect(dockerLimits(spec, config, engineFeatures())).toEqual({
    Memory: 7e6,
    MemorySwap: 7e6,
    NanoCpus: 5e8,
    PidsLimit: 9,
    ShmSize: 5,
  })
  expect(dockerLimits(medium, config, engineFeatures())).toEqual({
    Memory: 8e6,
    MemorySwap: 8e6,
    NanoCpus: 2e9,
    PidsLimit: 10,
    ShmSize: 6,
  })
})

it('lowers the default CPU to what the machine has, and never a demand', () => {
  expect(dockerLimits(medium, {}, engineFeatures({ cpus: 0.5 })).NanoCpus).toBe(5e8)
  expect(dockerLimits(medium, {}, engineFeatures({ cpus: 0 })).NanoCpus).toBe(1e9)
  const greedy = { ...medium, limits: { cpus: 8 } }
  expect(() => dockerLimits(greedy, {}, engineFeatures())).toThrow('8 CPUs were asked for')
  expect(() => dockerLimits(medium, { nano_cpus: 8e9 }, engineFeatures())).toThrow('8 CPUs were asked for')
})

it('does not turn next to nothing into no limit', () => {
  expect(() => dockerLimits({ ...medium, limits: { cpus: 1e-10 } }, {}, engineFeatures())).toThrow('0.01 is the least')
})

it.each([
  ['memory', { limitsMemory: false }, { memoryBytes: 1e7 }],
  ['CPU time', { limitsCpu: false }, { cpus: 1 }],
  ['the number of processes', { limitsPids: false }, { pids: 10 }],
])('is refused by an engine that cannot limit %s', (what, features, limits) => {
  const refusal = expect.objectContaining({ code: 'not_supported' }) as Error
  expect(() => dockerLimits({ ...low, limits }, {}, engineFeatures(features))).toThrow(refusal)
  expect(() => dockerLimits(medium, {}, engineFeatures(features))).toThrow(what)
  expect(dockerLimits(low, {}, engineFeatures(features))).toEqual({})
})
