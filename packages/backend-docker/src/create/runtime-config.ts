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
/** A list, or one word: how a longer string were to be split is not guessed. */
const words = z.union([
  z.array(z.string()).min(1),
  z
    .string()
    .regex(/^[^\s'"\\]+$/, 'write more than one word as a list')
    .transform((word) => [word]),
])
const ulimit = z.strictObject({ Name: z.string(), Soft: z.number().int(), Hard: z.number().int() })
const capability = z
  .string()
  .regex(/^\w+$/)
  .transform((name) => name.toUpperCase().replace(/^CAP_/, ''))

/** Options of a sandbox type for Docker, in the names of Docker's Python library, which the original's types use. */
const schema = z.strictObject({
  mem_limit: size.optional(),
  nano_cpus: z.number().int().positive().optional(),
  pids_limit: z.number().int().positive().optional(),
  shm_size: size.optional(),
  cpuset_cpus: z.string().optional(),
  cpu_shares: z.number().int().positive().optional(),
  runtime: z.string().min(1).optional(),
  network: z.string().min(1).optional(),
  hostname: z.string().optional(),
  init: z.boolean().optional(),
  working_dir: z.string().optional(),
  command: words.optional(),
  entrypoint: words.optional(),
  dns: z.array(z.string()).optional(),
  extra_hosts: z.record(z.string(), z.string()).optional(),
  tmpfs: z.record(z.string().startsWith('/'), z.string()).optional(),
  ulimits: z.array(ulimit).optional(),
  cap_drop: z.array(capability).optional(),
  read_only: z.boolean().optional(),
  user: z
    .union([z.string().min(1), z.number().int().nonnegative()])
    .transform(String)
    .optional(),
  privileged: z.boolean().optional(),
  cap_add: z.array(capability).optional(),
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

/** Numbers, because a name means whatever the image says it means. The engine reads `00` and `+0` as root, too. */
const nonRootUser = /^[1-9]\d*(:[1-9]\d*)?$/

/** Checks a type's options. @throws SandboxError `not_supported` naming every option that cannot be taken */
export function parseRuntimeConfig(config: Record<string, unknown>, level: SecurityLevel): DockerRuntimeConfig {
  const result = schema.safeParse(config)
  if (!result.success) throw refusal(result.error.issues.map(problemOf))
  const problems = [...weakenings(result.data, level), ...strictProblems(result.data, level)]
  if (problems.length > 0) throw refusal(problems)
  return result.data
}

function weakenings(config: DockerRuntimeConfig, level: SecurityLevel): string[] {
  if (level === 'low') return []
  const asked = weakening.filter((name) => config[name] !== undefined && config[name] !== false)
  return asked.map((name) => `${name} is taken at security level low only`)
}

function strictProblems({ user, read_only: readOnly }: DockerRuntimeConfig, level: SecurityLevel): string[] {
  if (level !== 'high') return []
  return [
    ...(user !== undefined && !nonRootUser.test(user)
      ? ['user: level high takes numbers other than 0: uid[:gid]']
      : []),
    ...(readOnly === false ? ['read_only: false is refused at level high'] : []),
  ]
}

function problemOf(issue: z.core.$ZodIssue): string {
  if (issue.code === 'unrecognized_keys') return `unknown option ${issue.keys.join(', ')}`
  return `${issue.path.join('.')}: ${issue.code === 'invalid_union' ? unionProblem(issue) : issue.message}`
}

/** What is wrong by the alternative that came closest: the one that was not of another type. */
function unionProblem(issue: z.core.$ZodIssueInvalidUnion): string {
  const closest = issue.errors.flat().find(({ code }) => code !== 'invalid_type')
  return closest?.message ?? issue.message
}

function refusal(problems: string[]): SandboxError {
  return new SandboxError('not_supported', `runtimeConfig cannot be used with Docker: ${problems.join('; ')}`)
}
