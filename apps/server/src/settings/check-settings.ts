import { statSync } from 'node:fs'
import { resolve } from 'node:path'
import type { SandboxRegistry } from '@runtime-sandbox/core'
import type { Settings } from './settings-schema.ts'

/** Engines of the contract that this build does not have. */
export const enginesToCome: readonly string[] = ['k8s', 'agentrun', 'fc', 'boxlite', 'cloud']
/** Engines that this build has, by the name that CONTAINER_DEPLOYMENT takes. */
const builtInEngines: readonly string[] = ['docker', 'gvisor', 'local']

export type CheckOptions = { directory: string; registry: SandboxRegistry }

/**
 * What no single setting can tell: choices that this build refuses, and values that do not fit the world around. Settings
 * that could not be read are left out.
 */
export function checkSettings(settings: Partial<Settings>, { directory, registry }: CheckOptions): string[] {
  return [
    ...engineProblems(settings.CONTAINER_DEPLOYMENT ?? 'auto'),
    ...scaleProblems(settings),
    ...typeProblems(settings.DEFAULT_SANDBOX_TYPE ?? [], registry),
    ...mountProblems(settings.READONLY_MOUNTS ?? {}, directory),
  ]
}

function engineProblems(engine: string): string[] {
  const known = ['auto', ...builtInEngines]
  if (enginesToCome.includes(engine)) {
    return [`CONTAINER_DEPLOYMENT: the engine ${engine} is not part of this build; it has ${known.join(', ')}`]
  }
  const lower = engine.toLowerCase()
  const nearMiss = engine !== lower && [...known, ...enginesToCome].includes(lower)
  return nearMiss ? [`CONTAINER_DEPLOYMENT: ${JSON.stringify(engine)} is unknown; did you mean ${lower}?`] : []
}

function scaleProblems(settings: Partial<Settings>): string[] {
  const problems: string[] = []
  if (settings.REDIS_ENABLED) problems.push('REDIS_ENABLED: the Redis state store is not part of this build; use False')
  if (settings.FILE_SYSTEM === 'oss') problems.push('FILE_SYSTEM: oss is not part of this build; use local')
  if ((settings.WORKERS ?? 1) > 1) {
    const reason = settings.REDIS_ENABLED
      ? 'several workers are not part of this build'
      : 'more than one worker needs Redis (REDIS_ENABLED=True)'
    problems.push(`WORKERS: ${reason}; use 1`)
  }
  return problems
}

function typeProblems(types: readonly string[], registry: SandboxRegistry): string[] {
  return types
    .filter((type) => !registry.has(type))
    .map((type) => {
      const known = registry.list().map(({ name }) => name)
      return `DEFAULT_SANDBOX_TYPE: '${type}' is not a valid SandboxType (known: ${known.join(', ')})`
    })
}

function mountProblems(mounts: Readonly<Record<string, string>>, directory: string): string[] {
  return Object.keys(mounts)
    .filter((source) => statSync(resolve(directory, source), { throwIfNoEntry: false }) === undefined)
    .map((source) => `READONLY_MOUNTS: ${resolve(directory, source)} does not exist`)
}
