import { textContent, type WireToolResult } from '@runtime-sandbox/protocol'
import { CappedOutput } from '../process/capped-output.ts'
import type { KernelEvent } from './kernel-event.ts'
import type { PythonKernel, RunCellOptions } from './python-kernel.ts'

type Done = Extract<KernelEvent, { type: 'done' }>

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
  let done: Done | undefined
  for await (const event of kernel.run(code, options)) {
    if (event.type === 'done') done = event
    else (event.type === 'stdout' ? stdout : stderr).add(event.data)
  }
  options.signal?.throwIfAborted()
  if (!done) throw new Error('the cell ended without an answer')
  const errors = stderr.text() + notesOf(done, options.timeoutMs)
  return {
    meta: null,
    content: [textContent(stdout.text(), 'stdout'), ...(errors === '' ? [] : [textContent(errors, 'stderr')])],
    isError: errors !== '' || done.error !== null,
    error: done.error,
    timed_out: done.timedOut,
    truncated: stdout.truncated || stderr.truncated,
    kernel_restarted: done.died !== undefined,
  }
}

function notesOf({ timedOut, died }: Done, timeoutMs: number): string {
  const notes: string[] = []
  if (timedOut)
    notes.push(`[timed out after ${timeoutMs / 1000} s: the cell was ${died === undefined ? 'interrupted' : 'killed'}]`)
  if (died !== undefined)
    notes.push(`[the Python session ended (${died}); a new one was started, its variables are lost]`)
  return notes.map((note) => `${note}\n`).join('')
}
