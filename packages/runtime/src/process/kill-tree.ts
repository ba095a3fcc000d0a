import { readdir, readFile } from 'node:fs/promises'

/**
 * Variable that marks what was started, also what left its process group. The mark of a call begins with that of its runtime.
 */
export const callMark = 'SANDBOX_CALL_ID'

const sweeps = 3

/** Kills a process group at once. @returns whether it existed */
export function killGroup(groupId: number, signal: NodeJS.Signals = 'SIGKILL'): boolean {
  try {
    return process.kill(-groupId, signal)
  } catch {
    return false
  }
}

/** Kills the process group of a call, and then whatever carries its mark. */
export async function killTree(groupId: number, mark: string): Promise<void> {
  killGroup(groupId)
  await killMarked(mark)
}

/**
 * Kills whatever has a mark that begins like this in its environment: a process that began a session of its own and lost its parent
 * is found by nothing else. A program that clears its environment on purpose escapes; it ends with the sandbox.
 */
export async function killMarked(mark: string): Promise<void> {
  for (let sweep = 0; sweep < sweeps; sweep += 1) {
    const processes = await markedProcesses(mark)
    if (processes.length === 0) return
    for (const id of processes) killOne(id)
  }
}

function killOne(id: number): void {
  try {
    process.kill(id, 'SIGKILL')
  } catch {
    // It ended by itself.
  }
}

async function markedProcesses(mark: string): Promise<number[]> {
  const entries = await readdir('/proc').catch(() => [])
  const ids = entries.filter((entry) => /^\d+$/.test(entry)).map(Number)
  const marked = await Promise.all(ids.map(async (id) => ((await carriesMark(id, mark)) ? id : undefined)))
  return marked.filter((id) => id !== undefined)
}

async function carriesMark(id: number, mark: string): Promise<boolean> {
  const environment = await readFile(`/proc/${id}/environ`, 'latin1').catch(() => '')
  return environment.split('\0').some((variable) => variable.startsWith(`${callMark}=${mark}`))
}
