import { SandboxError } from '@runtime-sandbox/core'
import type { RpcDefinition } from '@runtime-sandbox/protocol'

/** How a call was addressed. */
export type CalledAs = { /** Last part of the path: `create` or `create_async`. */ name: string; twin: boolean }

/**
 * The arguments of a call, checked. Problems are told in the words of a Python call, which clients of the contract know.
 *
 * @throws SandboxError `invalid_argument` naming the field and the problem
 */
export function callArguments(
  call: RpcDefinition,
  { name, twin }: CalledAs,
  body: Record<string, unknown>,
): Record<string, unknown> {
  const given = twin ? withPositional(call, body) : body
  const parsed = call.body.safeParse(given)
  if (parsed.success) return parsed.data
  const method = `SandboxManager.${name}()`
  const fields = Object.keys(call.body.shape)
  const unexpected = parsed.error.issues.find((issue) => issue.code === 'unrecognized_keys')?.keys[0]
  if (unexpected !== undefined) throw refuse(`${method} got an unexpected keyword argument '${clip(unexpected)}'`)
  const required = fields.filter((field) => call.body.shape[field]!.safeParse(undefined).success === false)
  const missing = required.filter((field) => given[field] === undefined)
  if (missing.length > 0) {
    const plural = missing.length === 1 ? 'argument' : 'arguments'
    throw refuse(`${method} missing ${missing.length} required positional ${plural}: ${enumerate(missing)}`)
  }
  throw refuse(parsed.error.issues.map((issue) => `${clip(issue.path.join('.'))}: ${issue.message}`).join('; '))
}

/** Python clients send a positional argument of a twin as `{"args": x}`. */
function withPositional({ positional }: RpcDefinition, body: Record<string, unknown>): Record<string, unknown> {
  if (positional === undefined || !('args' in body) || positional in body) return body
  const { args, ...rest } = body
  return { ...rest, [positional]: args }
}

function refuse(message: string): SandboxError {
  return new SandboxError('invalid_argument', message)
}

function clip(text: string): string {
  return text.length > 100 ? `${text.slice(0, 100)}…` : text
}

/** `'a'`, `'a' and 'b'`, `'a', 'b', and 'c'`. */
function enumerate(names: readonly string[]): string {
  const quoted = names.map((name) => `'${name}'`)
  if (quoted.length < 3) return quoted.join(' and ')
  return `${quoted.slice(0, -1).join(', ')}, and ${quoted.at(-1)}`
}
