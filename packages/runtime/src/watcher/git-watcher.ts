import { randomBytes } from 'node:crypto'
import { copyFile, mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { HttpProblem } from '../http/http-problem.ts'
import type { LaunchContext } from '../process/spawn-piped.ts'
import { parsePatches, patchOptions } from './parse-patches.ts'
import { runGit, type GitOptions, type GitResult } from './run-git.ts'

export type WatchOptions = Pick<GitOptions, 'timeoutMs' | 'signal'>

export type Diffs = { diffs: Record<string, string>; truncated: boolean }

type LogEntry = { commit: string; author: string; date: string; message: string; diff: Record<string, string> }

/** Patches in one answer; what is behind is left out, and the answer says so. */
const maxPatchBytes = 8 * 1024 * 1024
/** Who commits where nobody is configured. */
const nobody = { name: 'User', email: 'user@example.com' }

/** Watches the workspace with git, one operation at a time. */
export class GitWatcher {
  readonly #launch: LaunchContext
  #last: Promise<unknown> = Promise.resolve()

  constructor(launch: LaunchContext) {
    this.#launch = launch
  }

  /** Commits everything in the workspace, also when nothing changed. A workspace that is no repository becomes one. */
  commit(message: string, options: WatchOptions): Promise<{ commit: string; message: string }> {
    return this.#alone(async () => {
      await this.#ensureRepository(options)
      await this.#git(['add', '--all'], options)
      const words = ['commit', '--quiet', '--allow-empty', '--allow-empty-message', '--cleanup=verbatim']
      await this.#git([...(await this.#identity(options)), ...words, '--message', message], options)
      return { commit: await this.#resolve('HEAD', options), message }
    })
  }

  /** What changed from one commit to another. @throws HttpProblem 404 for one that is not there */
  diffCommits(from: string, to: string, options: WatchOptions): Promise<Diffs> {
    return this.#alone(async () => {
      const [a, b] = [await this.#resolve(from, options), await this.#resolve(to, options)]
      return this.#diff(['diff', ...patchOptions, a, b], options)
    })
  }

  /** What changed in the workspace since the last commit, new files included. Leaves index and objects of the repository alone. */
  diffWorkspace(options: WatchOptions): Promise<Diffs> {
    return this.#alone(async () => {
      await this.#ensureRepository(options)
      const folder = await mkdtemp(path.join(tmpdir(), 'watcher-'))
      try {
        const variables = await this.#scratch(folder, options)
        await this.#git(['add', '--all'], { ...options, variables })
        return await this.#diff(['diff', '--cached', ...patchOptions], { ...options, variables })
      } finally {
        await rm(folder, { recursive: true, force: true })
      }
    })
  }

  /** Commits, newest first, each with its changes to its (first) parent. None where there is no repository, or no commit. */
  log({ limit, skip }: { limit: number; skip: number }, options: WatchOptions) {
    return this.#alone(async () => {
      const head = await this.#try(['rev-parse', '--verify', '--quiet', 'HEAD'], options)
      if (head.code !== 0) return { logs: [], truncated: false }
      const mark = randomBytes(16).toString('hex')
      const format = `--format=${mark}%x00%H%x00%an%x00%aI%x00%B%x00`
      const range = [`--max-count=${limit}`, `--skip=${skip}`, '--diff-merges=first-parent']
      const words = ['log', format, ...range, ...patchOptions, 'HEAD']
      const { stdout, truncated } = await this.#git(words, { ...options, maxBytes: maxPatchBytes })
      return { logs: stdout.split(`${mark}\0`).slice(1).map(parseEntry), truncated }
    })
  }

  async #diff(words: string[], options: GitOptions): Promise<Diffs> {
    const { stdout, truncated } = await this.#git(words, { ...options, maxBytes: maxPatchBytes })
    return { diffs: parsePatches(stdout), truncated }
  }

  async #ensureRepository(options: WatchOptions): Promise<void> {
    const { code } = await this.#try(['rev-parse', '--git-dir'], options)
    if (code !== 0) await this.#git(['-c', 'init.defaultBranch=main', 'init', '--quiet'], options)
  }

  /** Variables by which git works on a copy of the index and puts new objects elsewhere. */
  async #scratch(folder: string, options: WatchOptions): Promise<Record<string, string>> {
    const { stdout } = await this.#git(['rev-parse', '--git-path', 'index', '--git-path', 'objects'], options)
    const [index = '', objects = ''] = stdout.split('\n').map((name) => path.resolve(this.#launch.cwd, name))
    const variables = {
      GIT_INDEX_FILE: path.join(folder, 'index'),
      GIT_OBJECT_DIRECTORY: path.join(folder, 'objects'),
      GIT_ALTERNATE_OBJECT_DIRECTORIES: JSON.stringify(objects),
    }
    await mkdir(variables.GIT_OBJECT_DIRECTORY)
    // Without one yet, everything is new.
    await copyFile(index, variables.GIT_INDEX_FILE).catch(() => {})
    return variables
  }

  async #identity(options: WatchOptions): Promise<string[]> {
    const { stdout } = await this.#try(['config', '--get-regexp', String.raw`^user\.(name|email)$`], options)
    const configured = (key: string) => stdout.split('\n').some((line) => line.startsWith(`user.${key} `))
    return Object.entries(nobody).flatMap(([key, value]) => (configured(key) ? [] : ['-c', `user.${key}=${value}`]))
  }

  async #resolve(name: string, options: WatchOptions): Promise<string> {
    const words = ['rev-parse', '--verify', '--quiet', '--end-of-options', `${name}^{commit}`]
    const { code, stdout } = await this.#try(words, options)
    if (code !== 0) throw new HttpProblem(404, `commit ${JSON.stringify(name)} not found`)
    return stdout.trim()
  }

  /** @throws HttpProblem with git's own words when it fails */
  async #git(words: string[], options: GitOptions): Promise<GitResult> {
    const result = await this.#try(words, options)
    if (result.code === 0 || result.truncated) return result
    throw new HttpProblem(500, `git: ${result.stderr.trim() || `exit code ${result.code}`}`)
  }

  #try(words: string[], options: GitOptions): Promise<GitResult> {
    return runGit(words, this.#launch, options)
  }

  #alone<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#last.then(work)
    this.#last = result.catch(() => {})
    return result
  }
}

function parseEntry(text: string): LogEntry {
  const [commit = '', author = '', date = '', message = '', ...patches] = text.split('\0')
  return { commit, author, date, message: message.replace(/\n$/, ''), diff: parsePatches(patches.join('\0')) }
}
