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

/** Less than that the engine does not take; and 0 would mean no limit. */
const fewestCpus = 0.01

/**
 * What the type sets, else what its options say, else, above level `low`, the defaults.
 *
 * @throws SandboxError `not_supported` when the engine cannot hold one of them
 */
export function dockerLimits(spec: ContainerSpec, config: DockerRuntimeConfig, features: EngineFeatures): DockerLimits {
  const defaults = spec.security.level === 'low' ? {} : defaultLimits
  const askedCpus = spec.limits.cpus ?? (config.nano_cpus && config.nano_cpus / 1e9)
  // A default is no demand: a machine with less is not refused.
  const cpus = askedCpus ?? (defaults.cpus && Math.min(defaults.cpus, features.cpus || defaults.cpus))
  const memory = spec.limits.memoryBytes ?? config.mem_limit ?? defaults.memoryBytes
  const pids = spec.limits.pids ?? config.pids_limit ?? defaults.pids
  const shm = spec.limits.shmBytes ?? config.shm_size
  if (features.cpus > 0 && askedCpus && askedCpus > features.cpus)
    throw refusal(`${askedCpus} CPUs were asked for, and the engine's machine has ${features.cpus}`)
  if (askedCpus && askedCpus < fewestCpus)
    throw refusal(`${askedCpus} CPUs were asked for, and ${fewestCpus} is the least`)
  if (memory && !features.limitsMemory) throw unlimited('memory')
  if (cpus && !features.limitsCpu) throw unlimited('CPU time')
  if (pids && !features.limitsPids) throw unlimited('the number of processes')
  return {
    // No swap beyond the memory: it would be a second, unnamed limit.
    ...(memory && { Memory: memory, MemorySwap: memory }),
    ...(cpus && { NanoCpus: Math.round(cpus * 1e9) }),
    ...(pids && { PidsLimit: pids }),
    ...(shm && { ShmSize: shm }),
  }
}

function unlimited(what: string): SandboxError {
  return refusal(`this Docker engine cannot limit ${what}: give it that cgroup controller (rootless: delegate it)`)
}

function refusal(message: string): SandboxError {
  return new SandboxError('not_supported', message)
}
