import { constants } from 'node:os'
import { textContent, type WireToolResult } from '@runtime-sandbox/protocol'
import { CappedOutput } from './capped-output.ts'
import { runProcess, type RunProcessOptions } from './run-process.ts'

/** Runs a command to its end and tells it as the contract does. A non-zero exit code is data, not an error. */
export async function runShellCommand(command: string, options: RunProcessOptions): Promise<WireToolResult> {
  const stdout = new CappedOutput()
  const stderr = new CappedOutput()
  let exit: { code: number | null; signal: NodeJS.Signals | null; timedOut: boolean } | undefined
  for await (const event of runProcess(command, options)) {
    if (event.type === 'exit') exit = event
    else (event.type === 'stdout' ? stdout : stderr).add(event.data)
  }
  options.signal?.throwIfAborted()
  if (!exit) throw new Error('the command ended without an exit')
  const note = exit.timedOut
    ? `[timed out after ${options.timeoutMs / 1000} s: the command and all it started were killed]\n`
    : ''
  const errors = stderr.text() + note
  return {
    meta: null,
    content: [
      textContent(stdout.text(), 'stdout'),
      ...(errors === '' ? [] : [textContent(errors, 'stderr')]),
      textContent(String(returncodeOf(exit)), 'returncode'),
    ],
    isError: errors !== '',
    exit_code: exit.code,
    signal: exit.signal,
    timed_out: exit.timedOut,
    truncated: stdout.truncated || stderr.truncated,
  }
}

/** As Python's subprocess tells it: `-9` for a process that SIGKILL ended. */
function returncodeOf({ code, signal }: { code: number | null; signal: NodeJS.Signals | null }): number {
  return code ?? -(signal === null ? 1 : constants.signals[signal])
}
