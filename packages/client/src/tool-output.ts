import type { ToolResult } from '@runtime-sandbox/core'
import type { ToolStream } from '@runtime-sandbox/protocol'

/** What a command or cell printed, and how it ended. */
type Output = {
  stdout: string
  stderr: string
  /** The contract's own verdict: something was written to stderr, a limit was hit, or Python raised. */
  isError: boolean
  /** The time limit was reached; everything that the call had started was killed. */
  timedOut: boolean
  /** The middle of the output was left out. */
  truncated: boolean
  /** The answer as it came. */
  raw: ToolResult
}

export type ShellResult = Output & {
  /** Null when a signal ended the command. */
  exitCode: number | null
  /** E.g. `SIGKILL`; null when the command ended by itself. */
  signal: string | null
}

export type CellResult = Output & {
  /** The exception that ended the cell. */
  error: { name: string; message: string } | null
  /** The Python session died or was killed during this cell: variables are lost, a new session runs. */
  kernelRestarted: boolean
}

function textOf(result: ToolResult, stream: ToolStream): string {
  return result.content
    .filter((item) => item.description === stream)
    .map((item) => item.text ?? '')
    .join('')
}

function outputOf(result: ToolResult): Output {
  return {
    stdout: textOf(result, 'stdout'),
    // An answer without streams (the runtime refused the call) tells its reason in a plain text item.
    stderr:
      textOf(result, 'stderr') ||
      result.content
        .filter((item) => !item.description)
        .map((item) => item.text ?? '')
        .join(''),
    isError: result.isError,
    timedOut: result['timed_out'] === true,
    truncated: result['truncated'] === true,
    raw: result,
  }
}

/** Reads the answer of run_shell_command, of this runtime and of the original's. */
export function shellResult(result: ToolResult): ShellResult {
  const code = textOf(result, 'returncode')
  const returncode = /^-?\d+$/.test(code) ? Number(code) : null
  const signal = typeof result['signal'] === 'string' ? result['signal'] : null
  const killed = signal !== null || (returncode !== null && returncode < 0)
  return { ...outputOf(result), exitCode: killed ? null : returncode, signal }
}

/** Reads the answer of run_ipython_cell, of this runtime and of the original's. */
export function cellResult(result: ToolResult): CellResult {
  return {
    ...outputOf(result),
    error: (result['error'] as CellResult['error']) ?? null,
    kernelRestarted: result['kernel_restarted'] === true,
  }
}
