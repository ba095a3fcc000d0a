import { SandboxError } from '@runtime-sandbox/core'
import { runIpythonCellBody, runShellCommandBody } from '@runtime-sandbox/protocol'

const bodies = { run_ipython_cell: runIpythonCellBody, run_shell_command: runShellCommandBody }

export type GenericTool = keyof typeof bodies

/** Whether every sandbox has this tool, beside those of its MCP servers. */
export function isGenericTool(name: string): name is GenericTool {
  return Object.hasOwn(bodies, name)
}

/** What a generic tool is sent. */
export type GenericToolBody = { timeout?: number | undefined; [argument: string]: unknown }

/**
 * Checks the arguments of a generic tool.
 *
 * @throws SandboxError `invalid_argument`, in the words of the wire contract where an argument is missing or unknown
 */
export function genericToolBody(tool: GenericTool, given: Record<string, unknown>): GenericToolBody {
  const schema = bodies[tool]
  const unknown = Object.keys(given).find((name) => !Object.hasOwn(schema.shape, name))
  if (unknown !== undefined) throw refusal(tool, `got an unexpected keyword argument '${unknown.slice(0, 100)}'`)
  const required = tool === 'run_ipython_cell' ? 'code' : 'command'
  if (given[required] === undefined) throw refusal(tool, `missing 1 required positional argument: '${required}'`)
  // Left to the runtime, whose refusal becomes the tool's own error: that is where clients look for it.
  if (given[required] === '') return { [required]: '' }
  const parsed = schema.safeParse(given)
  if (!parsed.success) {
    const [issue] = parsed.error.issues
    throw refusal(tool, `argument '${issue?.path.join('.')}': ${issue?.message}`)
  }
  const { timeout, ...rest } = parsed.data
  return timeout == null ? rest : { ...rest, timeout }
}

function refusal(tool: GenericTool, problem: string): SandboxError {
  return new SandboxError('invalid_argument', `${tool}() ${problem}`)
}
