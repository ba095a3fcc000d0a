import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { createInterface } from 'node:readline'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Settings } from './figure.ts'
import { JsonClient } from './load.ts'

const cli = fileURLToPath(new URL('../apps/server/dist/cli.js', import.meta.url))
const token = 'token-of-the-benchmarks'

/** A server of its own process, built as it is shipped. */
export type BenchServer = AsyncDisposable & {
  url: string
  token: string
  pid: number
  client: JsonClient
  /** `data` of a remote call. */
  call<Data = unknown>(name: string, body?: object): Promise<Data>
  /** How many sandboxes became ready for the pool so far. */
  warmed(): number
}

/** Starts the server with these settings; resolves when it is ready. */
export async function startBenchServer(settings: Settings): Promise<BenchServer> {
  const directory = await mkdtemp(path.join(tmpdir(), 'bench-'))
  const child = spawn(process.execPath, [cli], {
    cwd: directory,
    env: { PATH: process.env['PATH'] ?? '', PORT: '0', BEARER_TOKEN: token, ...settings },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const ended = once(child, 'exit')
  let warmed = 0
  createInterface({ input: child.stdout }).on('line', (line) => (warmed += line.includes('"to":"warm"') ? 1 : 0))
  const { promise, resolve, reject } = Promise.withResolvers<string>()
  let told = ''
  child.stderr.on('data', (data: Buffer) => {
    told += data.toString()
    const found = /answers at (\S+)/.exec(told)?.[1]
    if (found) resolve(found)
  })
  void ended.then(() => reject(new Error(`the server ended: ${told}`)))
  const url = await promise
  const client = new JsonClient(url, token)
  return {
    url,
    token,
    pid: child.pid!,
    client,
    call: async <Data>(name: string, body: object = {}) =>
      (await client.request<{ data: Data }>('POST', `/${name}`, body)).data,
    warmed: () => warmed,
    async [Symbol.asyncDispose]() {
      await client[Symbol.asyncDispose]()
      child.kill('SIGTERM')
      await ended
      await rm(directory, { recursive: true, force: true })
    },
  }
}

/** Waits until so many sandboxes are parked. */
export async function untilPooled(server: BenchServer, size: number, limitMs = 180_000): Promise<void> {
  const deadline = performance.now() + limitMs
  while (server.warmed() < size) {
    if (performance.now() > deadline) throw new Error(`the pool has ${server.warmed()} of ${size} sandboxes`)
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}
