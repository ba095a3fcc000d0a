import { SandboxError } from '@runtime-sandbox/core'

// What the server tells the runtime. A caller who could change these would own the sandbox's front door or its limits.
const reservedNames = new Set(['SECRET_TOKEN', 'SECRET_TOKEN_FD', 'WORKSPACE_DIR', 'NGINX_TIMEOUT'])
const reservedPrefix = 'RUNTIME_'
// A type is registered by the operator, who may set what the runtime reads, but the token is always made here.
const reservedForTypes = new Set(['SECRET_TOKEN', 'SECRET_TOKEN_FD'])

const namePattern = /^[A-Za-z_][A-Za-z0-9_]{0,255}$/
const maxVariables = 256
const maxBytes = 128 * 1024

export type EnvironmentParts = {
  /** Of the sandbox type. */
  type: Readonly<Record<string, string>>
  /** Of the request; checked, whatever its type says. */
  request?: Readonly<Record<string, unknown>> | undefined
}

/**
 * The variables that a sandbox gets beside the server's own: those of its type, overlaid by those of the request.
 *
 * @throws SandboxError `invalid_argument` naming the variable
 */
export function sandboxEnvironment({ type, request = {} }: EnvironmentParts): Record<string, string> {
  for (const name of Object.keys(type)) {
    if (reservedForTypes.has(name)) throw refusal(name, 'is set by the server')
  }
  const environment: Record<string, string> = { ...type }
  for (const [name, value] of Object.entries(request)) {
    environment[checkedName(name)] = checkedValue(name, value)
  }
  checkSize(environment)
  return environment
}

function checkedName(name: string): string {
  if (!namePattern.test(name)) throw refusal(name, 'is not a name of a variable')
  if (reservedNames.has(name) || name.startsWith(reservedPrefix)) throw refusal(name, 'is set by the server')
  return name
}

function checkedValue(name: string, value: unknown): string {
  if (typeof value !== 'string') throw refusal(name, 'must be a string')
  if (value.includes('\0')) throw refusal(name, 'contains a NUL byte')
  return value
}

function checkSize(environment: Record<string, string>): void {
  const entries = Object.entries(environment)
  const bytes = entries.reduce((sum, [name, value]) => sum + name.length + Buffer.byteLength(value) + 2, 0)
  if (entries.length > maxVariables || bytes > maxBytes) {
    throw new SandboxError(
      'invalid_argument',
      `environment: at most ${maxVariables} variables of ${maxBytes} bytes in all`,
    )
  }
}

function refusal(name: string, problem: string): SandboxError {
  return new SandboxError('invalid_argument', `environment: ${JSON.stringify(name.slice(0, 100))} ${problem}`)
}
