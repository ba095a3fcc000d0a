import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { createInterface } from 'node:readline'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { Client } from 'undici'

const cli = fileURLToPath(new URL('../apps/server/src/cli.ts', import.meta.url))
const token = 'token-of-the-benchmarks'

/** A server of its own process, and one keep-alive connection to it. */
export type BenchServer = AsyncDisposable & {
  url: string
  /** Sends one request on the connection and reads its answer whole; throws on an error status. */
  request(method: 'GET' | 'POST', path: string, body?: unknown): Promise<{ data: unknown }>
  /** How many sandboxes became ready for the pool so far. */
  warmed(): number
  /** Megabytes that the process holds. */
  residentMegabytes(): Promise<number>
}

/** Starts the server with these settings; resolves when it is ready. */
export async function startBenchServer(settings: Readonly<Record<string, string>>): Promise<BenchServer> {
  const directory = await mkdtemp(path.join(tmpdir(), 'bench-'))
  const child = spawn(process.execPath, ['--conditions=@runtime-sandbox/source', cli], {
    cwd: directory,
    env: { PATH: process.env['PATH'] ?? '', PORT: '0', BEARER_TOKEN: token, ...settings },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const ended = once(child, 'exit')
  let warmed = 0
  createInterface({ input: child.stdout }).on('line', (line) => (warmed += line.includes('"to":"warm"') ? 1 : 0))
  const { promise: url, resolve, reject } = Promise.withResolvers<string>()
  let told = ''
  child.stderr.on('data', (data: Buffer) => {
    told += data.toString()
    const found = /answers at (\S+)/.exec(told)?.[1]
    if (found) resolve(found)
  })
  void ended.then(() => reject(new Error(`the server ended: ${told}`)))
  const client = new Client(await url)
  const headers = { authorization: `Bearer ${token}` }
  return {
    url: await url,
    async request(method, target, body) {
      const answer = await client.request({
        method,
        path: target,
        headers,
        ...(body !== undefined && { body: JSON.stringify(body) }),
      })
      const text = await answer.body.text()
      if (answer.statusCode !== 200) throw new Error(`${target}: ${answer.statusCode} ${text}`)
      return JSON.parse(text) as { data: unknown }
    },
    warmed: () => warmed,
    async residentMegabytes() {
      const status = await readFile(`/proc/${child.pid}/status`, 'utf8')
      return Number(/VmRSS:\s+(\d+)/.exec(status)![1]) / 1024
    },
    async [Symbol.asyncDispose]() {
      await client.close()
      child.kill('SIGTERM')
      await ended
      await rm(directory, { recursive: true, force: true })
    },
  }
}

/** How long `work` takes, milliseconds. */
export async function timed(work: () => Promise<unknown>): Promise<number> {
  const startedAt = performance.now()
  await work()
  return performance.now() - startedAt
}
