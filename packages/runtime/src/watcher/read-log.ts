import { randomBytes } from 'node:crypto'
import type { Git } from './git.ts'
import { patchBegin, PatchCollector, patchOptions, type Patches } from './patch-collector.ts'
import { findCommit, findRepository } from './repository.ts'

export type LogEntry = {
  commit: string
  author: string
  /** ISO 8601. */
  date: string
  message: string
  /** Path → unified diff, from the (first) parent. */
  diff: Record<string, string>
  /** Something of `diff` was left out. */
  truncated?: true
}

export type LogRange = { limit: number; skip: number }

/**
 * Commits, newest first; none where there is no repository, or no commit. When there is too much to tell, fewer than asked for, and
 * `truncated`: the next part begins behind those that were told.
 */
export async function readLog(git: Git, { limit, skip }: LogRange): Promise<{ logs: LogEntry[]; truncated: boolean }> {
  // Both readings begin at the same commit, whatever is committed meanwhile.
  const head = (await findRepository(git)) && (await findCommit(git, 'HEAD'))
  if (head === undefined) return { logs: [], truncated: false }
  const commits = await readCommits(git, [`--max-count=${limit}`, `--skip=${skip}`, head])
  if (commits.entries.length === 0) return { logs: [], truncated: false }
  const patches = await readPatches(git, [`--max-count=${commits.entries.length}`, `--skip=${skip}`, head])
  const logs: LogEntry[] = []
  for (const entry of commits.entries) {
    const told = patches.groups.get(entry.commit)
    if (!told) break
    logs.push({ ...entry, diff: told.diffs, ...(told.truncated && { truncated: true }) })
  }
  const left = logs.length < commits.entries.length || logs.some((entry) => entry.truncated)
  return { logs, truncated: commits.truncated || left }
}

type Commits = { entries: Omit<LogEntry, 'diff'>[]; truncated: boolean }

async function readCommits(git: Git, range: string[]): Promise<Commits> {
  const mark = randomBytes(16).toString('hex')
  const format = `--format=${mark}%x00%H%x00%an%x00%aI%x00%B`
  const { stdout, truncated } = await git.run(['log', '--no-patch', format, ...range, '--'])
  const entries = stdout.split(`${mark}\0`).slice(1).map(parseEntry)
  // The last of too many was cut, but a first one is told as far as it goes.
  return { entries: truncated && entries.length > 1 ? entries.slice(0, -1) : entries, truncated }
}

function parseEntry(text: string): Omit<LogEntry, 'diff'> {
  const [commit = '', author = '', date = '', message = ''] = text.split('\0')
  return { commit, author, date, message: message.replace(/\n{1,2}$/, '') }
}

async function readPatches(git: Git, range: string[]): Promise<{ groups: Map<string, Patches> }> {
  const mark = `${randomBytes(16).toString('hex')} `
  const collector = new PatchCollector()
  const words = [
    'log',
    `--format=${patchBegin}${mark}%H`,
    '--diff-merges=first-parent',
    ...patchOptions,
    ...range,
    '--',
  ]
  await git.run(words, { onOutput: (data) => collector.add(data) })
  return { groups: collector.end(mark) }
}
