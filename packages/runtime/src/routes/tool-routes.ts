import { Hono } from 'hono'
import { runIpythonCellBody, runShellCommandBody, runtimeRoutes } from '@runtime-sandbox/protocol'
import { HttpProblem } from '../http/http-problem.ts'
import { readJson } from '../http/read-json.ts'
import { KernelUnavailable } from '../kernel/kernel-process.ts'
import type { PythonKernel } from '../kernel/python-kernel.ts'
import { runIpythonCell } from '../kernel/run-ipython-cell.ts'
import { runShellCommand } from '../process/run-shell-command.ts'
import type { LaunchContext } from '../process/spawn-piped.ts'

export type ToolRoutesOptions = {
  kernel: PythonKernel
  /** For commands. */
  launch: LaunchContext
  /** Time limit of a call that names none. */
  defaultTimeoutMs: number
}

/** Shell and Python. A caller that goes away ends what it started. */
export function toolRoutes({ kernel, launch, defaultTimeoutMs }: ToolRoutesOptions): Hono {
  const app = new Hono()
  const limitOf = (timeout: number | null | undefined) => (timeout == null ? defaultTimeoutMs : timeout * 1000)

  app.post(runtimeRoutes.runShellCommand.path, async (context) => {
    const { command, timeout } = await readJson(context, runShellCommandBody)
    if (command.includes('\0')) throw new HttpProblem(422, 'command: contains a NUL byte')
    const options = { ...launch, timeoutMs: limitOf(timeout), signal: context.req.raw.signal }
    return context.json(await runShellCommand(command, options).catch(tellLaunchFailure))
  })

  app.post(runtimeRoutes.runIpythonCell.path, async (context) => {
    const { code, timeout } = await readJson(context, runIpythonCellBody)
    const options = { timeoutMs: limitOf(timeout), signal: context.req.raw.signal }
    return context.json(await runIpythonCell(kernel, code, options).catch(tellLaunchFailure))
  })
  return app
}

/** Why nothing could be run, in words for the caller. */
function tellLaunchFailure(error: NodeJS.ErrnoException): never {
  if (error instanceof KernelUnavailable) throw new HttpProblem(500, `Python cells cannot run: ${error.message}`)
  if (error.code === 'E2BIG') throw new HttpProblem(413, 'the command is too long for the system', { cause: error })
  if (error.syscall !== undefined)
    throw new HttpProblem(500, `the command cannot be started: ${error.message}`, { cause: error })
  throw error
}
