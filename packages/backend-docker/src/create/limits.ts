import { SandboxError, defaultLimits, type ContainerSpec } from '@runtime-sandbox/core'
import type { EngineFeatures } from './engine-features.ts'
import type { DockerRuntimeConfig } from './runtime-config.ts'

/** Limits of a container, in the engine's names. */
export type DockerLimits = {
  Memory?: number
  MemorySwap?: number
  NanoCpus?: number
  PidsLimit?: number
  ShmSize?: number
}

/**
 * What the type sets, else what its options say, else, above level `low`, the defaults.
 *
 * @throws SandboxError `not_supported` when the engine cannot hold one of them
 */
export function dockerLimits(spec: ContainerSpec, config: DockerRuntimeConfig, features: EngineFeatures): DockerLimits {
  const defaults = spec.security.level === 'low' ? {} : defaultLimits
  const memory = spec.limits.memoryBytes ?? config.mem_limit ?? defaults.memoryBytes
  const askedCpus = spec.limits.cpus ?? (config.nano_cpus && config.nano_cpus / 1e9)
  const cpus = askedCpus ?? (defaults.cpus && Math.min(defaults.cpus, features.cpus || defaults.cpus))
  const pids = spec.limits.pids ?? config.pids_limit ?? defaults.pids
  const shm = spec.limits.shmBytes ?? config.shm_size
  if (features.cpus > 0 && askedCpus && askedCpus > features.cpus) {
    throw refusal(`${askedCpus} CPUs were asked for, and the engine's machine has ${features.cpus}`)
  }
  if (memory && !features.limitsMemory) throw refusal('this Docker engine cannot limit memory')
  if (cpus && !features.limitsCpu) throw refusal('this Docker engine cannot limit CPU time')
  if (pids && !features.limitsPids) throw refusal('this Docker engine cannot limit the number of processes')
  return {
    // No swap beyond the memory: it would be a second, unnamed limit.
    ...(memory && { Memory: memory, MemorySwap: memory }),
    ...(cpus && { NanoCpus: Math.round(cpus * 1e9) }),
    ...(pids && { PidsLimit: pids }),
    ...(shm && { ShmSize: shm }),
  }
}

function refusal(message: string): SandboxError {
  return new SandboxError('not_supported', message)
}
