import type Docker from 'dockerode'
import { SandboxError } from '@runtime-sandbox/core'
import { z } from 'zod'
import { limited, requestLimits } from '../request-limits.ts'

// A limit that the engine does not mention is one that it is not known to enforce.
const schema = z.object({
  NCPU: z.number().default(0),
  MemoryLimit: z.boolean().default(false),
  PidsLimit: z.boolean().default(false),
  CpuCfsQuota: z.boolean().default(false),
  DefaultRuntime: z.string().default(''),
  DockerRootDir: z.string().default(''),
  Runtimes: z
    .record(z.string(), z.looseObject({ runtimeArgs: z.array(z.string()).nullish() }))
    .nullish()
    .transform((runtimes) => runtimes ?? {}),
})

/** What an engine can do, as it says itself. */
export type EngineFeatures = {
  /** CPUs of its machine; 0 when it does not tell. */
  cpus: number
  limitsMemory: boolean
  limitsPids: boolean
  limitsCpu: boolean
  /** Runtime of containers that ask for none; empty when it does not tell. */
  defaultRuntime: string
  /** Runtimes by name, with their arguments. */
  runtimes: ReadonlyMap<string, readonly string[]>
  /** Where it keeps its data; empty when it does not tell. */
  dataRoot: string
}

/** Asks the engine. */
export async function readEngineFeatures(docker: Docker): Promise<EngineFeatures> {
  // The types do not know that this takes options.
  const told: unknown = await (docker.info as (options: object) => Promise<unknown>).call(
    docker,
    limited(undefined, requestLimits.look),
  )
  const parsed = schema.safeParse(told)
  if (!parsed.success)
    throw new SandboxError('engine_unavailable', 'what answers is no Docker engine', { cause: parsed.error })
  const info = parsed.data
  return {
    cpus: info.NCPU,
    limitsMemory: info.MemoryLimit,
    limitsPids: info.PidsLimit,
    limitsCpu: info.CpuCfsQuota,
    defaultRuntime: info.DefaultRuntime,
    runtimes: new Map(Object.entries(info.Runtimes).map(([name, { runtimeArgs }]) => [name, runtimeArgs ?? []])),
    dataRoot: info.DockerRootDir,
  }
}
