import { z } from 'zod'

/** How long before the caller's own time limit a call ends, so that its answer still arrives. */
const marginMs = 2_000

const whole = (minimum: number, maximum: number) =>
  z.string().regex(/^\d+$/, 'a whole number').transform(Number).pipe(z.number().min(minimum).max(maximum))

const environmentSchema = z.object({
  SECRET_TOKEN: z.string().optional(),
  SECRET_TOKEN_FD: whole(0, 1023).optional(),
  RUNTIME_HOST: z.string().min(1).default('0.0.0.0'),
  RUNTIME_PORT: whole(0, 65_535).prefault('80'),
  RUNTIME_SOCKET: z.string().startsWith('/', 'an absolute path').max(107, 'at most 107 bytes').optional(),
  WORKSPACE_DIR: z.string().startsWith('/', 'an absolute path').default('/workspace'),
  NGINX_TIMEOUT: z
    .string()
    .transform(Number)
    .pipe(z.number('a number of seconds').positive().max(86_400))
    .prefault('60'),
  RUNTIME_PYTHON: z.string().min(1).default('python3'),
  RUNTIME_MCP_CONFIG: z.string().startsWith('/', 'an absolute path').optional(),
})

export type ListenAddress = { host: string; port: number } | { socket: string }

export type RuntimeConfig = {
  token: { value: string } | { descriptor: number }
  listen: ListenAddress
  workspaceDirectory: string
  defaultTimeoutMs: number
  python: string
  /** Where the image's own MCP servers may be told; the first file that is there counts. */
  mcpConfigFiles: string[]
}

/** Of our images, and where those of the original have it. */
const imageMcpConfigFiles = ['/opt/runtime-sandbox', '/agentscope_runtime'].map(
  (folder) => `${folder}/mcp_server_configs.json`,
)

export const missingToken = 'missing or empty; without a token the runtime would obey anyone who reaches it'

/** Every problem of the environment, one a line. */
export class RuntimeConfigError extends Error {}

/** Reads the runtime's variables; see the README for them. @throws RuntimeConfigError */
export function parseRuntimeConfig(environment: NodeJS.ProcessEnv): RuntimeConfig {
  const result = environmentSchema.safeParse(environment)
  const problems = result.error?.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`) ?? []
  const { SECRET_TOKEN: value, SECRET_TOKEN_FD: descriptor } = environment
  if (!value?.trim() && descriptor === undefined) problems.push(`SECRET_TOKEN: ${missingToken}`)
  if (!result.success || problems.length > 0) throw new RuntimeConfigError(problems.join('\n'))
  const { data } = result
  return {
    token: data.SECRET_TOKEN_FD === undefined ? { value: value! } : { descriptor: data.SECRET_TOKEN_FD },
    listen: data.RUNTIME_SOCKET
      ? { socket: data.RUNTIME_SOCKET }
      : { host: data.RUNTIME_HOST, port: data.RUNTIME_PORT },
    workspaceDirectory: data.WORKSPACE_DIR,
    defaultTimeoutMs: Math.max(1_000, data.NGINX_TIMEOUT * 1000 - marginMs),
    python: data.RUNTIME_PYTHON,
    mcpConfigFiles: data.RUNTIME_MCP_CONFIG === undefined ? imageMcpConfigFiles : [data.RUNTIME_MCP_CONFIG],
  }
}
