import { z } from 'zod'
import { resourceLimitsSchema, type ResourceLimits } from './resource-limits.ts'
import { securityLevelSchema, type SecurityLevel } from './security-profile.ts'

/** Lower-case name of a sandbox type; becomes part of labels and pool keys. */
export const sandboxTypeNameSchema = z
  .string()
  .regex(/^[a-z][a-z0-9_-]{0,62}$/, 'lower-case letters, digits, _ and -, beginning with a letter, at most 63')

/** What a user says of a sandbox type when registering it. */
export const sandboxTypeOptionsSchema = z.strictObject({
  sandboxType: z
    .string()
    .transform((name) => name.toLowerCase())
    .pipe(sandboxTypeNameSchema),
  /** `{ memory: "1g", cpu: "0.5", pids: 256, shm: "2g" }` */
  resourceLimits: resourceLimitsSchema.optional(),
  securityLevel: securityLevelSchema.default('medium'),
  /** Network access; default: as the security level says. */
  network: z.boolean().optional(),
  /** Time limit of one call, in seconds; default RUNTIME_SANDBOX_TIMEOUT. */
  timeout: z.number().positive().max(86_400).optional(),
  description: z.string().default(''),
  /** Variables for the sandbox. */
  environment: z.record(z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/), z.string()).default({}),
  /** Engine-specific options, e.g. `{ shm_size: "2g" }`; an engine refuses keys that it does not know. */
  runtimeConfig: z.record(z.string(), z.unknown()).default({}),
})

export type SandboxTypeOptions = z.input<typeof sandboxTypeOptionsSchema>

/** A registered sandbox type. */
export type SandboxTypeDefinition = {
  name: string
  /** Full image reference. */
  image: string
  limits: ResourceLimits
  securityLevel: SecurityLevel
  network: boolean | undefined
  /** Seconds; undefined = RUNTIME_SANDBOX_TIMEOUT. */
  timeoutSeconds: number | undefined
  description: string
  environment: Readonly<Record<string, string>>
  runtimeConfig: Readonly<Record<string, unknown>>
}

const asyncSuffix = '_async'

/** `base_async` → `base`: the asynchronous names of the Python SDK mean the same sandboxes and share their pools. */
export function baseTypeName(name: string): string {
  return name.endsWith(asyncSuffix) ? name.slice(0, -asyncSuffix.length) : name
}
