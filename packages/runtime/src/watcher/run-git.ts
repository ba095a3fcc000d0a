import { randomUUID } from 'node:crypto'
import { realpath } from 'node:fs/promises'
import path from 'node:path'
import type { Readable } from 'node:stream'
import { HttpProblem } from '../http/http-problem.ts'
import { drain } from '../process/drain.ts'
import { callMark, killGroup, killTree } from '../process/kill-tree.ts'
import { spawnPiped, type LaunchContext } from '../process/spawn-piped.ts'
import { BoundedText } from './bounded-text.ts'

export type GitOptions = {
  /** When it must have ended, in the time of `performance.now()`. */
  until: number
  signal?: AbortSignal | undefined
  /** Variables beside the sandbox's. */
  variables?: Record<string, string>
  /** Takes the output as it comes, instead of `stdout`; false: no more is wanted. */
  onOutput?: (data: Buffer) => boolean
}

export type GitResult = {
  /** Null when a signal ended it. */
  code: number | null
  /** What is not UTF-8 is replaced. */
  stdout: string
  stderr: string
  /** It was ended because no more of its output was wanted. */
  truncated: boolean
}

const maxOutputBytes = 8 * 1024 * 1024
const maxErrorBytes = 16 * 1024
/** What git is asked to end with, it tidies up after itself first: a lock that it leaves would stop all that follow. */
const endGraceMs = 500

/** Whatever the repository or the user has configured: it starts no program, asks nothing, and does not change what is read here. */
const fixedConfiguration = [
  // The workspace may belong to another user.
  'safe.directory=*',
  'core.hooksPath=/dev/null',
  'core.fsmonitor=false',
  'core.quotePath=false',
  // Larger files count as binary: they are never whole in memory.
  'core.bigFileThreshold=32m',
  'commit.gpgSign=false',
  'diff.suppressBlankEmpty=false',
  'gc.auto=0',
  'i18n.commitEncoding=UTF-8',
  'i18n.logOutputEncoding=UTF-8',
  'log.showRoot=true',
  'log.showSignature=false',
  'maintenance.auto=false',
].flatMap((setting) => ['-c', setting])

const fixedVariables = { GIT_TERMINAL_PROMPT: '0', GIT_OPTIONAL_LOCKS: '0', GIT_NO_LAZY_FETCH: '1', LC_ALL: 'C.UTF-8' }
/** Variables of the sandbox by which git would look elsewhere, or tell something else. */
const misleading = /^GIT_(?!AUTHOR_|COMMITTER_|CONFIG_)/

/**
 * Runs git in the workspace. At its time limit, and when the signal aborts, it is ended with all it started.
 *
 * @throws HttpProblem when git is missing or takes too long; the signal's reason
 */
export async function runGit(words: string[], launch: LaunchContext, options: GitOptions): Promise<GitResult> {
  const { until, signal } = options
  signal?.throwIfAborted()
  if (performance.now() >= until) throw tooLong()
  const environment = await environmentOf(launch, options.variables)
  const all = ['--no-pager', ...fixedConfiguration, ...words]
  const { child, stdout, stderr } = await spawnPiped('git', all, { ...launch, environment }).catch(tellMissing)
  const exited = new Promise<number | null>((resolve) => child.once('exit', resolve))
  const ender = new Ender(child.pid!, environment[callMark])
  const timer = setTimeout(() => ender.end('late'), until - performance.now())
  const abort = () => ender.end('aborted')
  signal?.addEventListener('abort', abort, { once: true })
  if (signal?.aborted) abort()
  const [output, errors] = [new BoundedText(maxOutputBytes), new BoundedText(maxErrorBytes)]
  read(stdout, options.onOutput ?? ((data) => output.add(data)), () => ender.end('full'))
  read(stderr, (data) => errors.add(data))
  try {
    const code = await exited
    await Promise.all([drain([stdout, stderr]), ender.exited()])
    if (ender.why === 'late') throw tooLong()
    signal?.throwIfAborted()
    return { code, stdout: output.text, stderr: errors.text, truncated: ender.why === 'full' }
  } finally {
    clearTimeout(timer)
    signal?.removeEventListener('abort', abort)
  }
}

async function environmentOf(launch: LaunchContext, variables: Record<string, string> = {}) {
  const kept = Object.entries(launch.environment).filter(([name]) => !misleading.test(name))
  const workspace = await realpath(launch.cwd).catch(() => launch.cwd)
  return {
    ...Object.fromEntries(kept),
    ...fixedVariables,
    // A repository above the workspace is not the workspace's.
    GIT_CEILING_DIRECTORIES: path.dirname(workspace),
    ...variables,
    [callMark]: `${launch.environment[callMark] ?? ''}.${randomUUID()}`,
  }
}

/** Reads to the end, also when no more is wanted: nobody shall wait for a reader. */
function read(stream: Readable, take: (data: Buffer) => boolean, onFull: () => void = () => {}): void {
  let wanted = true
  stream.on('error', () => {})
  stream.on('data', (data: Buffer) => {
    if (!wanted || take(data)) return
    wanted = false
    onFull()
  })
}

/** Ends a process and what it started: at first by asking. */
class Ender {
  readonly #id: number
  readonly #mark: string
  #timer: NodeJS.Timeout | undefined
  #exited = false
  /** The first reason to end it. */
  why: 'late' | 'aborted' | 'full' | undefined

  constructor(id: number, mark: string) {
    this.#id = id
    this.#mark = mark
  }

  end(why: 'late' | 'aborted' | 'full'): void {
    if (this.why !== undefined || this.#exited) return
    this.why = why
    killGroup(this.#id, 'SIGTERM')
    this.#timer = setTimeout(() => void killTree(this.#id, this.#mark), endGraceMs)
  }

  /** It ended, and takes along what it left. */
  async exited(): Promise<void> {
    this.#exited = true
    clearTimeout(this.#timer)
    if (this.why !== undefined) await killTree(this.#id, this.#mark)
  }
}

const tooLong = () => new HttpProblem(500, 'git took too long: the time limit of this call was reached')

function tellMissing(error: NodeJS.ErrnoException): never {
  if (error.code === 'ENOENT') throw new HttpProblem(501, 'git is not installed in this sandbox', { cause: error })
  throw error
}
