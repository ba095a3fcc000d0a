import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const cli = fileURLToPath(new URL('./cli.ts', import.meta.url))
/** What CONTAINER_DEPLOYMENT has to be for the engine of the tests. */
export const fakeEngine: string = fileURLToPath(new URL('./plugins/fake-engine.fixture.ts', import.meta.url))

export type Ended = { code: number | null; stdout: string; stderr: string }

/** A working directory of its own with `files`, for `using`. */
export function workingDirectory(files: Readonly<Record<string, string>> = {}) {
  const path = mkdtempSync(join(tmpdir(), 'server-cli-'))
  for (const [name, text] of Object.entries(files)) writeFileSync(join(path, name), text)
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true }) }
}

export type RunOptions = {
  directory: string
  environment?: Readonly<Record<string, string>>
  /** Default: the command. */
  program?: string
}

/** The command, as an operator types it. */
export class Run {
  readonly child: ChildProcess
  readonly ended: Promise<Ended>
  #stdout = ''
  #stderr = ''
  readonly #ready = Promise.withResolvers<string>()

  constructor(words: readonly string[], { directory, environment = {}, program = cli }: RunOptions) {
    this.child = spawn(process.execPath, ['--conditions=@runtime-sandbox/source', program, ...words], {
      cwd: directory,
      env: { PATH: '/usr/bin:/bin', ...environment },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    this.child.stdout!.on('data', (data: Buffer) => (this.#stdout += data.toString()))
    this.child.stderr!.on('data', (data: Buffer) => {
      this.#stderr += data.toString()
      const url = /answers at (\S+)/.exec(this.#stderr)?.[1]
      if (url) this.#ready.resolve(url)
    })
    this.#ready.promise.catch(() => {})
    this.ended = once(this.child, 'close').then(([code]) => {
      this.#ready.reject(new Error(`ended with ${String(code)}: ${this.#stderr}`))
      return { code: code as number | null, stdout: this.#stdout, stderr: this.#stderr }
    })
  }

  /** The server's address, once it is ready. */
  get url(): Promise<string> {
    return this.#ready.promise
  }

  get stderr(): string {
    return this.#stderr
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.child.kill('SIGKILL')
    await this.ended
  }
}

/** Runs the command to its end. */
export async function run(words: readonly string[], options: RunOptions): Promise<Ended> {
  return new Run(words, options).ended
}
