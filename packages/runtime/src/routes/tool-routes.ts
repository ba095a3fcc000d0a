import { Hono } from 'hono'
import { runIpythonCellBody, runShellCommandBody, runtimeRoutes } from '@runtime-sandbox/protocol'
import { HttpProblem } from '../http/http-problem.ts'
import { readJson } from '../http/read-json.ts'
import type { PythonKernel } from '../kernel/python-kernel.ts'
import { runIpythonCell } from '../kernel/run-ipython-cell.ts'
import { runShellCommand } from '../process/run-shell-command.ts'

export type ToolRoutesOptions = {
  kernel: PythonKernel
  workspaceDirectory: string
  environment: NodeJS.ProcessEnv
  defaultTimeoutMs: number
}

/** Shell and Python. A caller that goes away ends what it started. */
export function toolRoutes({ kernel, workspaceDirectory, environment, defaultTimeoutMs }: ToolRoutesOptions): Hono {
  const app = new Hono()
  const limitOf = (timeout: number | null | undefined) => (timeout == null ? defaultTimeoutMs : timeout * 1000)

  app.post(runtimeRoutes.runShellCommand.path, async (context) => {
    const { command, timeout } = await readJson(context, runShellCommandBody)
    if (command.includes('\0')) throw new HttpProblem(422, 'command: contains a NUL byte')
    const { signal } = context.req.raw
    const options = { cwd: workspaceDirectory, environment, timeoutMs: limitOf(timeout), signal }
    return context.json(await runShellCommand(command, options).catch(tellLaunchFailure))
  })

  app.post(runtimeRoutes.runIpythonCell.path, async (context) => {
    const { code, timeout } = await readJson(context, runIpythonCellBody)
    return context.json(
      await runIpythonCell(kernel, code, { timeoutMs: limitOf(timeout), signal: context.req.raw.signal }),
    )
  })
  return app
}

function tellLaunchFailure(error: NodeJS.ErrnoException): never {
  if (error.code === 'E2BIG') throw new HttpProblem(413, 'the command is too long for the system', { cause: error })
  throw error
}
