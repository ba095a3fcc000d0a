import { parseSize, SandboxError, type SecurityLevel } from '@runtime-sandbox/core'
import { z } from 'zod'

const size = z.union([z.string(), z.number()]).transform((value, context) => {
  try {
    return parseSize(value)
  } catch (error) {
    context.addIssue({ code: 'custom', message: (error as Error).message })
    return z.NEVER
  }
})
const words = z.union([z.string(), z.array(z.string())])
const ulimit = z.strictObject({ Name: z.string(), Soft: z.number().int(), Hard: z.number().int() })

/** Options of a sandbox type for Docker, in the names of Docker's Python library, which the original's types use. */
const schema = z.strictObject({
  mem_limit: size.optional(),
  nano_cpus: z.number().int().positive().optional(),
  pids_limit: z.number().int().positive().optional(),
  shm_size: size.optional(),
  cpuset_cpus: z.string().optional(),
  cpu_shares: z.number().int().positive().optional(),
  runtime: z.string().optional(),
  network: z.string().optional(),
  hostname: z.string().optional(),
  init: z.boolean().optional(),
  working_dir: z.string().optional(),
  command: words.optional(),
  entrypoint: words.optional(),
  dns: z.array(z.string()).optional(),
  extra_hosts: z.record(z.string(), z.string()).optional(),
  tmpfs: z.record(z.string().startsWith('/'), z.string()).optional(),
  ulimits: z.array(ulimit).optional(),
  cap_drop: z.array(z.string()).optional(),
  read_only: z.boolean().optional(),
  user: z.union([z.string(), z.number()]).transform(String).optional(),
  privileged: z.boolean().optional(),
  cap_add: z.array(z.string()).optional(),
  devices: z.array(z.string().regex(/^[^:]+:[^:]+(:[rwm]+)?$/, 'host path:sandbox path[:rwm]')).optional(),
  group_add: z.array(z.string()).optional(),
  security_opt: z.array(z.string()).optional(),
  sysctls: z.record(z.string(), z.string()).optional(),
  ipc_mode: z.string().optional(),
  pid_mode: z.string().optional(),
})

export type DockerRuntimeConfig = z.output<typeof schema>

/** Options that could undo what a security level promises; they are taken at level `low` only. */
const weakening = [
  'privileged',
  'cap_add',
  'devices',
  'group_add',
  'security_opt',
  'sysctls',
  'ipc_mode',
  'pid_mode',
] as const

/** Checks a type's options. @throws SandboxError `not_supported` naming every option that cannot be taken */
export function parseRuntimeConfig(config: Record<string, unknown>, level: SecurityLevel): DockerRuntimeConfig {
  const result = schema.safeParse(config)
  if (!result.success) throw refusal(result.error.issues.map(problemOf))
  const problems: string[] = []
  if (level !== 'low') {
    const asked = weakening.filter((name) => result.data[name] !== undefined && result.data[name] !== false)
    problems.push(...asked.map((name) => `${name} is taken at security level low only`))
  }
  if (level === 'high') {
    if (result.data.user !== undefined && /^(0|root)(:|$)/.test(result.data.user))
      problems.push('user: root is refused at level high')
    if (result.data.read_only === false) problems.push('read_only: false is refused at level high')
  }
  for (const name of ['network', 'ipc_mode', 'pid_mode'] as const) {
    if (level !== 'low' && /^(host|container:)/.test(result.data[name] ?? ''))
      problems.push(`${name}: ${result.data[name]} is refused above level low`)
  }
  if (problems.length > 0) throw refusal(problems)
  return result.data
}

function problemOf(issue: z.core.$ZodIssue): string {
  if (issue.code === 'unrecognized_keys') return `unknown option ${issue.keys.join(', ')}`
  return `${issue.path.join('.')}: ${issue.message}`
}

function refusal(problems: string[]): SandboxError {
  return new SandboxError('not_supported', `runtimeConfig cannot be used with Docker: ${problems.join('; ')}`)
}
