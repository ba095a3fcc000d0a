import { setTimeout as sleep } from 'node:timers/promises'
import { HttpProblem } from '../http/http-problem.ts'
import type { LaunchContext } from '../process/spawn-piped.ts'
import { runGit, type GitOptions, type GitResult } from './run-git.ts'

export type GitMore = Pick<GitOptions, 'variables' | 'onOutput'> & {
  /** Exit codes that are no failure; default 0. */
  accept?: number[]
}

/** Git in the workspace, within the time of one call. */
export type Git = {
  /** Where the workspace is. */
  workspace: string
  /** @throws HttpProblem with git's own words when it fails; 409 when another git holds a lock all the time */
  run(words: string[], more?: GitMore): Promise<GitResult>
  /** Whatever its exit code. */
  try(words: string[], more?: GitMore): Promise<GitResult>
}

/** A git that somebody else started holds a lock for moments only. */
const lockTries = 10
const lockPauseMs = 100

export function gitFor(launch: LaunchContext, call: Pick<GitOptions, 'until' | 'signal'>): Git {
  const attempt = (words: string[], more: GitMore = {}) => runGit(words, launch, { ...call, ...more })
  return {
    workspace: launch.cwd,
    try: attempt,
    async run(words, more = {}) {
      let result = await attempt(words, more)
      for (let tries = 1; tries < lockTries && isLocked(result); tries += 1) {
        await sleep(lockPauseMs, undefined, { signal: call.signal })
        result = await attempt(words, more)
      }
      const accepted = result.code !== null && (more.accept ?? [0]).includes(result.code)
      if (isLocked(result) || (!accepted && !result.truncated)) throw failure(result)
      return result
    },
  }
}

/** What git says of its failure. */
export function failure(result: GitResult): HttpProblem {
  const words = result.stderr.trim() || (result.code === null ? 'it was killed' : `exit code ${result.code}`)
  return new HttpProblem(isLocked(result) ? 409 : 500, `git: ${words}`)
}

function isLocked({ code, stderr }: GitResult): boolean {
  return code !== 0 && /\.lock': File exists/.test(stderr)
}
