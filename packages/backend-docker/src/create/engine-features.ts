import type Docker from 'dockerode'
import { z } from 'zod'

const schema = z.object({
  NCPU: z.number().default(0),
  MemoryLimit: z.boolean().default(true),
  PidsLimit: z.boolean().default(true),
  CpuCfsQuota: z.boolean().default(true),
  Runtimes: z.record(z.string(), z.looseObject({ runtimeArgs: z.array(z.string()).nullish() })).default({}),
})

/** What an engine can do, as it says itself. */
export type EngineFeatures = {
  /** CPUs of its machine; 0 when it does not tell. */
  cpus: number
  limitsMemory: boolean
  limitsPids: boolean
  limitsCpu: boolean
  /** Runtimes by name, with their arguments. */
  runtimes: ReadonlyMap<string, readonly string[]>
}

export async function readEngineFeatures(docker: Docker): Promise<EngineFeatures> {
  const info = schema.parse(await docker.info())
  return {
    cpus: info.NCPU,
    limitsMemory: info.MemoryLimit,
    limitsPids: info.PidsLimit,
    limitsCpu: info.CpuCfsQuota,
    runtimes: new Map(Object.entries(info.Runtimes).map(([name, { runtimeArgs }]) => [name, runtimeArgs ?? []])),
  }
}

/** Runtimes that put a kernel of their own between a sandbox and the host, best first. */
const sandboxedRuntimes = ['runsc', 'kata', 'kata-runtime', 'io.containerd.kata.v2']

/** The engine's sandboxed runtime; undefined when it has none. */
export function sandboxedRuntimeOf({ runtimes }: EngineFeatures): string | undefined {
  return sandboxedRuntimes.find((name) => runtimes.has(name))
}
