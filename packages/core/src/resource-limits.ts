import { z } from 'zod'

/** Upper bounds of one sandbox. An engine enforces each that is set, or refuses it (`not_supported`). */
export type ResourceLimits = {
  memoryBytes?: number
  /** Number of CPUs, fractions allowed. */
  cpus?: number
  /** Number of processes and threads. */
  pids?: number
  /** Size of /dev/shm. */
  shmBytes?: number
}

const unitBytes: Record<string, number> = { '': 1, k: 2 ** 10, m: 2 ** 20, g: 2 ** 30, t: 2 ** 40 }
const sizePattern = /^(\d+(?:\.\d+)?)\s*(?:b|([kmgt])(?:i?b)?)?$/i

/** Bytes of a size such as `512m`, `1g`, `5.06gb` or a number; units are powers of 1024, as with Docker. */
export function parseSize(size: string | number): number {
  if (typeof size === 'number') return assertPositive(Math.floor(size), size)
  const match = sizePattern.exec(size.trim())
  if (!match) throw new RangeError(`not a size: ${JSON.stringify(size)} (examples: 512m, 1g)`)
  return assertPositive(Math.floor(Number(match[1]) * unitBytes[(match[2] ?? '').toLowerCase()]!), size)
}

function assertPositive(value: number, given: unknown): number {
  if (Number.isSafeInteger(value) && value > 0) return value
  throw new RangeError(`not a size from 1 byte to 8 PiB: ${JSON.stringify(given)}`)
}

const sizeSchema = z.union([z.string(), z.number()]).transform((size, context) => {
  try {
    return parseSize(size)
  } catch (error) {
    context.addIssue({ code: 'custom', message: (error as Error).message })
    return z.NEVER
  }
})

const positiveNumber = z
  .union([
    z.number(),
    z
      .string()
      .regex(/^\d+(\.\d+)?$/)
      .transform(Number),
  ])
  .pipe(z.number().positive())

/** `{ memory: "1g", cpu: "0.5", pids: 256, shm: "2g" }`, as a sandbox type declares it. */
export const resourceLimitsSchema = z
  .strictObject({
    memory: sizeSchema.optional(),
    cpu: positiveNumber.optional(),
    pids: positiveNumber.pipe(z.number().int()).optional(),
    shm: sizeSchema.optional(),
  })
  .transform(({ memory, cpu, pids, shm }): ResourceLimits => ({
    ...(memory !== undefined && { memoryBytes: memory }),
    ...(cpu !== undefined && { cpus: cpu }),
    ...(pids !== undefined && { pids }),
    ...(shm !== undefined && { shmBytes: shm }),
  }))

/** Limits as they are written by people. */
export type ResourceLimitsInput = z.input<typeof resourceLimitsSchema>

/** Bounds of every sandbox above level `low` whose type sets none. */
export const defaultLimits: Readonly<ResourceLimits> = { memoryBytes: 2 * 2 ** 30, cpus: 1, pids: 512 }
