import type { LaunchContext } from '../process/spawn-piped.ts'
import { gitFor, type Git } from './git.ts'
import { PatchCollector, patchOptions, type Patches } from './patch-collector.ts'
import { readLog, type LogEntry, type LogRange } from './read-log.ts'
import { addAll, findRepository, resolveCommit } from './repository.ts'
import { diffWorkspace } from './workspace-view.ts'

export type WatchOptions = {
  /** From the call on: waiting for earlier calls counts. */
  timeoutMs: number
  signal?: AbortSignal | undefined
}

/** Who commits where nobody is configured. */
const nobody = { name: 'User', email: 'user@example.com' }

/** Watches the workspace with git, one operation at a time. */
export class GitWatcher {
  readonly #launch: LaunchContext
  #last: Promise<unknown> = Promise.resolve()

  constructor(launch: LaunchContext) {
    this.#launch = launch
  }

  /**
   * Commits everything in the workspace, also when nothing changed. A workspace that is no repository becomes one, and everything in
   * it is its first commit.
   */
  commit(message: string, options: WatchOptions): Promise<{ commit: string; message: string }> {
    return this.#alone(options, async (git) => {
      if (!(await findRepository(git))) await git.run(['-c', 'init.defaultBranch=main', 'init', '--quiet'])
      await addAll(git)
      const words = ['commit', '--quiet', '--allow-empty', '--allow-empty-message', '--cleanup=verbatim']
      await git.run([...(await identity(git)), ...words, `--message=${message}`])
      return { commit: await resolveCommit(git, 'HEAD'), message }
    })
  }

  /** What changed from one commit to another. @throws HttpProblem 404 for one that is not there */
  diffCommits(from: string, to: string, options: WatchOptions): Promise<Patches> {
    return this.#alone(options, async (git) => {
      const range = [await resolveCommit(git, from), await resolveCommit(git, to)]
      const collector = new PatchCollector()
      await git.run(['diff', ...patchOptions, ...range, '--'], { onOutput: (data) => collector.add(data) })
      return collector.end().get('')!
    })
  }

  /** What changed in the workspace since the last commit, new files included. Changes nothing in the workspace. */
  diffWorkspace(options: WatchOptions): Promise<Patches> {
    return this.#alone(options, diffWorkspace)
  }

  /** Commits, newest first, each with its changes. */
  log(range: LogRange, options: WatchOptions): Promise<{ logs: LogEntry[]; truncated: boolean }> {
    return this.#alone(options, (git) => readLog(git, range))
  }

  #alone<T>({ timeoutMs, signal }: WatchOptions, work: (git: Git) => Promise<T>): Promise<T> {
    const git = gitFor(this.#launch, { until: performance.now() + timeoutMs, signal })
    const result = this.#last.then(() => work(git))
    this.#last = result.catch(() => {})
    return result
  }
}

/** Options for what the configuration does not say. */
async function identity(git: Git): Promise<string[]> {
  const { stdout } = await git.try(['config', '--get-regexp', String.raw`^user\.(name|email)$`])
  const configured = (key: string) =>
    stdout.split('\n').some((line) => line.startsWith(`user.${key} `) && line.length > `user.${key} `.length)
  return Object.entries(nobody).flatMap(([key, value]) => (configured(key) ? [] : ['-c', `user.${key}=${value}`]))
}
