import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import type { ConnectionOptions } from '@runtime-sandbox/client'

const cli = fileURLToPath(new URL('../../apps/server/src/cli.ts', import.meta.url))

export type StartOptions = {
  environment: Readonly<Record<string, string>>
  words?: readonly string[]
  /** Default: a new one, removed with the server. */
  directory?: string
}

/** The server as an operator starts it: a process of its own. */
export class ServerProcess {
  readonly directory: string
  readonly token = 'token-of-the-tests'
  readonly #child: ChildProcess
  readonly #ownsDirectory: boolean
  readonly ended: Promise<number | null>
  #output = ''
  url = ''

  private constructor(child: ChildProcess, directory: string, ownsDirectory: boolean) {
    this.#child = child
    this.directory = directory
    this.#ownsDirectory = ownsDirectory
    this.ended = once(child, 'close').then(([code]) => code as number | null)
    child.stdout!.on('data', (data: Buffer) => (this.#output += data.toString()))
  }

  static async start({ environment, words = [], directory }: StartOptions): Promise<ServerProcess> {
    const own = directory ?? (await mkdtemp(path.join(tmpdir(), 'e2e-')))
    const child = spawn(
      process.execPath,
      ['--conditions=@runtime-sandbox/source', cli, '--log-level', 'DEBUG', ...words],
      {
        cwd: own,
        env: {
          PATH: process.env['PATH'] ?? '',
          BEARER_TOKEN: 'token-of-the-tests',
          PORT: '0',
          POOL_SIZE: '0',
          ...environment,
        },
        stdio: ['ignore', 'pipe', 'pipe'],
      },
    )
    const server = new ServerProcess(child, own, directory === undefined)
    await server.#ready()
    return server
  }

  get pid(): number {
    return this.#child.pid!
  }

  /** Everything that it printed. */
  get output(): string {
    return this.#output
  }

  get connection(): ConnectionOptions {
    return { baseUrl: this.url, bearerToken: this.token }
  }

  /** A remote call, raw. */
  async call<Data = unknown>(
    name: string,
    body: unknown,
    init: RequestInit = {},
  ): Promise<{ status: number; body: Answer<Data> }> {
    const response = await fetch(`${this.url}/${name}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${this.token}` },
      body: typeof body === 'string' ? body : JSON.stringify(body),
      ...init,
    })
    return { status: response.status, body: (await response.json()) as Answer<Data> }
  }

  /** Asks it to stop and waits until it has. @returns its exit code */
  async stop(): Promise<number | null> {
    this.#child.kill('SIGTERM')
    return this.#finish()
  }

  /** As a crash: no clean-up at all. */
  async kill(): Promise<void> {
    this.#child.kill('SIGKILL')
    await this.ended
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) await this.stop()
    else await this.#finish()
  }

  async #finish(): Promise<number | null> {
    const code = await this.ended
    if (this.#ownsDirectory) await rm(this.directory, { recursive: true, force: true })
    return code
  }

  async #ready(): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<string>()
    let told = ''
    this.#child.stderr!.on('data', (data: Buffer) => {
      this.#output += data.toString()
      told += data.toString()
      const url = /answers at (\S+)/.exec(told)?.[1]
      if (url) resolve(url)
    })
    void this.ended.then((code) => reject(new Error(`the server ended with ${code}: ${this.#output}`)))
    this.url = await promise
  }
}

/** What a remote call answers, as far as the tests look. */
export type Answer<Data> = {
  data?: Data
  detail?: string
  code?: string
  error?: { code: string; detail: string }
  [key: string]: unknown
}

/** A port that nobody listens on now; for servers that have to come back on the same one. */
export async function freePort(): Promise<number> {
  const probe = createServer()
  await new Promise<void>((resolve) => probe.listen(0, '127.0.0.1', resolve))
  const { port } = probe.address() as { port: number }
  await new Promise((resolve) => probe.close(resolve))
  return port
}
