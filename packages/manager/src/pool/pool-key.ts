import { createHash } from 'node:crypto'
import type { Mount } from '@runtime-sandbox/core'
import type { SandboxPlan } from '../create/sandbox-plan.ts'

export type PoolKeyParts = {
  /** CONTAINER_PREFIX_KEY: deployments that share a store do not share pools. */
  prefix: string
  /** Immutable id of the image where the engine has one, else its reference. */
  imageId: string
  readonlyMounts: readonly Mount[]
}

/** Names the pool of everything that is interchangeable with this plan: `<type>:<hash>`. */
export function poolKeyOf(plan: SandboxPlan, { prefix, imageId, readonlyMounts }: PoolKeyParts): string {
  const { sandboxType, image, limits, security, timeoutSeconds, environment, runtimeConfig } = plan
  const parts = [
    prefix,
    sandboxType,
    image,
    imageId,
    limits,
    security,
    timeoutSeconds,
    environment,
    runtimeConfig,
    readonlyMounts,
  ]
  const hash = createHash('sha256')
    .update(JSON.stringify(parts.map(canonical)))
    .digest('hex')
  return `${sandboxType}:${hash.slice(0, 20)}`
}

// The order in which somebody wrote the keys of an object makes no other sandbox.
function canonical(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(canonical)
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
  return entries.map(([key, entry]) => [key, canonical(entry)])
}
