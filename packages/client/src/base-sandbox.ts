import { SandboxError, type CallOptions } from '@runtime-sandbox/core'
import { Sandbox } from './sandbox.ts'
import { cellResult, shellResult, type CellResult, type ShellResult } from './tool-output.ts'

export type RunOptions = CallOptions & {
  /** Time limit in seconds, at most 86,400; default: the sandbox type's, less two seconds. What runs then is killed: `timedOut`. */
  timeoutSeconds?: number
}

/** A sandbox with a shell, a Python session and files. */
export class BaseSandbox extends Sandbox {
  static override readonly sandboxType: string = 'base'

  /** Runs a command with /bin/sh in the workspace. An exit code other than 0 is data, not an error. */
  async runShellCommand(command: string, options: RunOptions = {}): Promise<ShellResult> {
    return shellResult(await this.callTool('run_shell_command', { command, ...limit(options) }, options))
  }

  /** Runs a cell in the Python session of the sandbox; variables stay from cell to cell. A Python exception is data, not an error. */
  async runIpythonCell(code: string, options: RunOptions = {}): Promise<CellResult> {
    return cellResult(await this.callTool('run_ipython_cell', { code, ...limit(options) }, options))
  }
}

function limit({ timeoutSeconds }: RunOptions): { timeout?: number } {
  if (timeoutSeconds === undefined) return {}
  // As JSON these would be null, which means no limit of one's own.
  if (!Number.isFinite(timeoutSeconds)) {
    throw new SandboxError('invalid_argument', `timeoutSeconds: ${timeoutSeconds} is no number of seconds`)
  }
  return { timeout: timeoutSeconds }
}
