import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import { fileURLToPath } from 'node:url'

const casesDirectory = fileURLToPath(new URL('cases', import.meta.url))

/** How one case ended. */
export type CaseResult = { passed: boolean; seconds: number; report: string }

/** What the plugin `report_to_parent` says: a case that was found, or with a result, one that ran. */
type Line = { case: string } & Partial<CaseResult>

export type PytestOptions = {
  python: string
  environment?: Readonly<Record<string, string>>
  words?: readonly string[]
}

/** pytest on the cases of this folder: a process whose results come one by one. */
export class PytestProcess {
  readonly #child: ChildProcess
  readonly #found: string[] = []
  readonly #results = new Map<string, PromiseWithResolvers<CaseResult>>()
  readonly #ended: Promise<number | null>
  #output = ''

  constructor({ python, environment = {}, words = [] }: PytestOptions) {
    const { PATH = '' } = process.env
    this.#child = spawn(python, ['-m', 'pytest', '--quiet', ...words], {
      cwd: casesDirectory,
      env: {
        PATH,
        PYTHONPATH: casesDirectory,
        PYTHONDONTWRITEBYTECODE: '1',
        PYTHONUNBUFFERED: '1',
        LC_ALL: 'C.UTF-8',
        NO_PROXY: '*',
        REPORT_FD: '3',
        ...environment,
      },
      stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
    })
    for (const stream of [this.#child.stdout!, this.#child.stderr!]) {
      stream.on('data', (data: Buffer) => (this.#output += data.toString()))
    }
    const lines = createInterface(this.#child.stdio[3] as Readable)
    lines.on('line', (line) => this.#take(JSON.parse(line) as Line))
    this.#ended = once(this.#child, 'close').then(([code]) => code as number | null)
    void this.#ended.then((code) => this.#noMoreResults(code))
  }

  /** Ids of all cases: `test_tools.py::test_shell`. Runs none. */
  static async collect(python: string): Promise<string[]> {
    const pytest = new PytestProcess({ python, words: ['--collect-only'] })
    const code = await pytest.#ended
    if (code !== 0) throw new Error(`pytest cannot read the cases:\n${pytest.#output}`)
    return pytest.#found
  }

  /** Waits until the case has run. @throws when pytest ended without running it */
  async result(id: string): Promise<CaseResult> {
    return this.#slot(id).promise
  }

  /** Ends the process, if it has not ended. */
  async stop(): Promise<void> {
    this.#child.kill('SIGKILL')
    await this.#ended
  }

  #take({ case: id, passed, seconds = 0, report = '' }: Line): void {
    if (passed === undefined) this.#found.push(id)
    else this.#slot(id).resolve({ passed, seconds, report })
  }

  #slot(id: string): PromiseWithResolvers<CaseResult> {
    const slot = this.#results.get(id) ?? Promise.withResolvers<CaseResult>()
    this.#results.set(id, slot)
    // Whoever waits for it hears of it; nobody may be waiting yet.
    slot.promise.catch(() => {})
    return slot
  }

  #noMoreResults(code: number | null): void {
    const error = new Error(`pytest ended with ${code} and did not run this case:\n${this.#output.slice(-4000)}`)
    for (const id of this.#found) this.#slot(id).reject(error)
  }
}
