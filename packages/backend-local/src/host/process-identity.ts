import { readFileSync } from 'node:fs'

/** A process, not to be taken for a later one with the same id. */
export type ProcessIdentity = { pid: number; startTime: string }

/** The process that has this id now; undefined when there is none, or one that has ended and is not reaped yet. */
export function identifyProcess(pid: number): ProcessIdentity | undefined {
  try {
    // The name in parentheses may hold anything; the fields after it are fixed: state is the 3rd, start time the 22nd.
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    const [state, startTime] = [fields[0], fields[19]]
    return state === 'Z' || state === 'X' || startTime === undefined ? undefined : { pid, startTime }
  } catch {
    return undefined
  }
}

/** Whether that very process still runs. */
export function isAlive({ pid, startTime }: ProcessIdentity): boolean {
  return identifyProcess(pid)?.startTime === startTime
}
