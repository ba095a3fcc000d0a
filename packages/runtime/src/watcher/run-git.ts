import { randomUUID } from 'node:crypto'
import path from 'node:path'
import { HttpProblem } from '../http/http-problem.ts'
import { callMark, killTree } from '../process/kill-tree.ts'
import { spawnPiped, type LaunchContext } from '../process/spawn-piped.ts'

export type GitOptions = {
  timeoutMs: number
  signal?: AbortSignal | undefined
  /** Variables beside the sandbox's. */
  variables?: Record<string, string>
  /** Output behind this is left out; default 16 MiB. */
  maxBytes?: number
}

export type GitResult = { code: number | null; stdout: string; stderr: string; truncated: boolean }

const defaultMaxBytes = 16 * 1024 * 1024
const maxErrorBytes = 16 * 1024

/** Whatever the repository or the user has configured: nothing of it starts a program, asks, or changes what is read here. */
const fixedConfiguration = [
  'safe.directory=*',
  'core.hooksPath=/dev/null',
  'core.fsmonitor=false',
  'core.quotePath=false',
  'commit.gpgSign=false',
  'log.showRoot=true',
  'gc.auto=0',
].flatMap((setting) => ['-c', setting])

const fixedVariables = { GIT_TERMINAL_PROMPT: '0', GIT_OPTIONAL_LOCKS: '0', LC_ALL: 'C.UTF-8' }

/**
 * Runs git in the workspace. What is not UTF-8 in its output becomes replacement characters.
 *
 * @throws HttpProblem when git is missing or takes too long; the signal's reason
 */
export async function runGit(words: string[], launch: LaunchContext, options: GitOptions): Promise<GitResult> {
  const { timeoutMs, signal, variables = {}, maxBytes = defaultMaxBytes } = options
  signal?.throwIfAborted()
  const mark = `${launch.environment[callMark] ?? ''}.${randomUUID()}`
  // A repository above the workspace is not the workspace's.
  const ceiling = { GIT_CEILING_DIRECTORIES: path.dirname(launch.cwd) }
  const environment = { ...launch.environment, ...fixedVariables, ...ceiling, ...variables, [callMark]: mark }
  const all = ['--no-pager', ...fixedConfiguration, ...words]
  const { child, stdout, stderr } = await spawnPiped('git', all, { ...launch, environment }).catch(tellMissing)
  const kill = () => void killTree(child.pid!, mark)
  const output = new Bounded(maxBytes, kill)
  const errors = new Bounded(maxErrorBytes)
  stdout.on('data', (data: Buffer) => output.add(data)).on('error', () => {})
  stderr.on('data', (data: Buffer) => errors.add(data)).on('error', () => {})
  let timedOut = false
  const timer = setTimeout(() => {
    timedOut = true
    kill()
  }, timeoutMs)
  signal?.addEventListener('abort', kill, { once: true })
  try {
    const code = await new Promise<number | null>((resolve) => child.once('close', resolve))
    signal?.throwIfAborted()
    if (timedOut) throw new HttpProblem(500, `git took longer than ${timeoutMs / 1000} s`)
    return { code, stdout: output.text, stderr: errors.text, truncated: output.truncated }
  } finally {
    clearTimeout(timer)
    signal?.removeEventListener('abort', kill)
  }
}

function tellMissing(error: NodeJS.ErrnoException): never {
  if (error.code === 'ENOENT') throw new HttpProblem(501, 'git is not installed in this sandbox', { cause: error })
  throw error
}

/** The beginning of a stream. */
class Bounded {
  readonly #limit: number
  readonly #onFull: () => void
  readonly #chunks: Buffer[] = []
  #bytes = 0
  truncated = false

  constructor(limit: number, onFull: () => void = () => {}) {
    this.#limit = limit
    this.#onFull = onFull
  }

  add(data: Buffer): void {
    if (this.truncated) return
    const kept = data.subarray(0, this.#limit - this.#bytes)
    this.#chunks.push(kept)
    this.#bytes += kept.length
    if (kept.length === data.length) return
    this.truncated = true
    this.#onFull()
  }

  get text(): string {
    return Buffer.concat(this.#chunks).toString('utf8')
  }
}
