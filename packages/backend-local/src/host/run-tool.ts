import { execFile } from 'node:child_process'
import { accessSync, constants } from 'node:fs'
import { join } from 'node:path'

/** Where the tools of the system are; never a directory of a user's PATH, for they may run as root. */
const toolDirectories = ['/usr/bin', '/bin', '/usr/sbin', '/sbin', '/usr/local/bin', '/run/current-system/sw/bin']

/** Absolute path of a tool of the system; undefined when it is not installed. */
export function findTool(name: string): string | undefined {
  return toolDirectories.map((directory) => join(directory, name)).find(isExecutable)
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}

export type ToolOutcome = { ok: boolean; stdout: string; stderr: string }

/** Runs a program to its end, within `timeoutMs`. Never throws; `ok` tells. */
export function runTool(
  file: string,
  args: readonly string[],
  { timeoutMs = 10_000, env }: { timeoutMs?: number; env?: Record<string, string> } = {},
): Promise<ToolOutcome> {
  return new Promise((resolve) => {
    const options = { timeout: timeoutMs, killSignal: 'SIGKILL' as const, ...(env && { env }) }
    execFile(file, args, options, (error, stdout, stderr) => {
      resolve({ ok: error === null, stdout, stderr: stderr || (error?.message ?? '') })
    })
  })
}
