import { execFile, spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { get } from 'node:http'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { megabytes, milliseconds, times, type Benchmark } from '../figure.ts'
import { percentile } from '../statistics.ts'
import { residentMegabytes } from '../process-figures.ts'

const bundle = fileURLToPath(new URL('../../packages/runtime/dist/runtime.mjs', import.meta.url))
const bare = `require('node:http').createServer((_, response) => response.end('OK')).listen(Number(process.env.RUNTIME_PORT), '127.0.0.1')`
const rounds = 15

/** From the start of the runtime's process until it is healthy, beside the least HTTP server there is; and what it holds then. */
export const runtimeStart: Benchmark = {
  name: 'runtime-start',
  needsDocker: false,
  async run({ LOCAL_PYTHON: python = 'python3' }) {
    const folder = await mkdtemp(path.join(tmpdir(), 'bench-runtime-'))
    const samples = { runtime: [] as number[], bare: [] as number[] }
    try {
      for (let round = 0; round < rounds; round++) {
        samples.bare.push((await started(['-e', bare], folder, python)).milliseconds)
        samples.runtime.push((await started([bundle], folder, python)).milliseconds)
      }
      const held = await started([bundle], folder, python, memoryOf)
      const ratio = percentile(samples.runtime, 0.5) / percentile(samples.bare, 0.5)
      return [
        {
          what: 'start of the runtime until it is healthy',
          measured: milliseconds(percentile(samples.runtime, 0.5)),
          beside: `a bare node HTTP server ${milliseconds(percentile(samples.bare, 0.5))}`,
          result: times(ratio),
          goal: '≤ 2.5×',
          met: ratio <= 2.5,
        },
        {
          what: 'memory of the idle runtime',
          measured: megabytes(held.result!.runtime),
          beside: '–',
          result: megabytes(held.result!.runtime),
          goal: '≤ 100 MB',
          met: held.result!.runtime <= 100,
        },
        {
          what: 'memory of its Python session',
          measured: megabytes(held.result!.kernel),
          beside: '–',
          result: megabytes(held.result!.kernel),
          goal: '≤ 60 MB',
          met: held.result!.kernel <= 60,
        },
      ]
    } finally {
      await rm(folder, { recursive: true, force: true })
    }
  },
}

async function started<Result>(
  words: string[],
  folder: string,
  python: string,
  look?: (child: ChildProcess) => Promise<Result>,
): Promise<{ milliseconds: number; result: Result | undefined }> {
  const port = await freePort()
  const startedAt = performance.now()
  const child = spawn(process.execPath, words, {
    env: {
      PATH: process.env['PATH'],
      SECRET_TOKEN_FD: '3',
      RUNTIME_HOST: '127.0.0.1',
      RUNTIME_PORT: String(port),
      RUNTIME_PYTHON: python,
      WORKSPACE_DIR: folder,
    },
    stdio: ['ignore', 'ignore', 'ignore', 'pipe'],
  })
  const token = child.stdio[3] as NodeJS.WritableStream
  token.on('error', () => {})
  token.end('token')
  try {
    while (!(await answers(port))) await new Promise((resolve) => setTimeout(resolve, 2))
    return { milliseconds: performance.now() - startedAt, result: await look?.(child) }
  } finally {
    child.kill('SIGTERM')
    await once(child, 'exit')
  }
}

/** Of the runtime, and of the Python session that it starts ahead, once both are idle. */
async function memoryOf(child: ChildProcess): Promise<{ runtime: number; kernel: number }> {
  await new Promise((resolve) => setTimeout(resolve, 4000))
  const { stdout } = await promisify(execFile)('pgrep', ['-P', String(child.pid), '-f', 'kernel_host'])
  const [kernel] = stdout.trim().split('\n').map(Number)
  return { runtime: await residentMegabytes(child.pid!), kernel: await residentMegabytes(kernel!) }
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const headers = { authorization: 'Bearer token' }
    get({ port, host: '127.0.0.1', path: '/healthz', headers }, (answer) => {
      answer.resume()
      resolve(answer.statusCode === 200)
    }).on('error', () => resolve(false))
  })
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}
