import { textContent, type WireToolResult } from '@runtime-sandbox/protocol'
import { CappedOutput } from '../process/capped-output.ts'
import type { CellEnd } from './kernel-event.ts'
import type { PythonKernel, RunCellOptions } from './python-kernel.ts'

/**
 * Runs a cell to its end and tells it as the contract does: the traceback of an exception is in stdout, where IPython prints it;
 * that there was one is in `error`, and `isError` is true.
 */
export async function runIpythonCell(
  kernel: PythonKernel,
  code: string,
  options: RunCellOptions,
): Promise<WireToolResult> {
  const stdout = new CappedOutput()
  const stderr = new CappedOutput()
  let done: CellEnd | undefined
  let restarted: string | undefined
  for await (const event of kernel.run(code, options)) {
    if (event.type === 'done') done = event
    else if (event.type === 'restarted') restarted = event.reason
    else (event.type === 'stdout' ? stdout : stderr).add(event.data)
  }
  options.signal?.throwIfAborted()
  if (!done) throw new Error('the cell ended without an answer')
  const errors = stderr.text() + notesOf(done, restarted, options.timeoutMs)
  return {
    meta: null,
    content: [textContent(stdout.text(), 'stdout'), ...(errors === '' ? [] : [textContent(errors, 'stderr')])],
    isError: errors !== '' || done.error !== null,
    error: done.error,
    timed_out: done.timedOut !== false,
    truncated: stdout.truncated || stderr.truncated,
    kernel_restarted: (done.died ?? restarted) !== undefined,
  }
}

function notesOf({ timedOut, died }: CellEnd, restarted: string | undefined, timeoutMs: number): string {
  const notes: string[] = []
  if (restarted !== undefined)
    notes.push(`the Python session ended before this cell (${restarted}); this one is new, earlier variables are lost`)
  if (timedOut === 'waiting')
    notes.push(`timed out after ${timeoutMs / 1000} s: earlier cells are still running, this one was not run`)
  if (timedOut === 'running')
    notes.push(`timed out after ${timeoutMs / 1000} s: the cell was ${died === undefined ? 'interrupted' : 'killed'}`)
  if (died !== undefined)
    notes.push(`the Python session ended (${died}); a new one was started, its variables are lost`)
  return notes.map((note) => `[${note}]\n`).join('')
}
