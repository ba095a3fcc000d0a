import { execFile, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import os from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { Agent, fetch as undiciFetch } from 'undici'
import type { RuntimeUnderTest } from '@runtime-sandbox/testkit'

const bundle = fileURLToPath(new URL('../dist/runtime.mjs', import.meta.url))
/** The interpreter of the tests: LOCAL_PYTHON, or the machine's own. */
const testPython = process.env['LOCAL_PYTHON'] ?? 'python3'

/** Why the tests of Python cells cannot run here. */
export async function pythonProblem(): Promise<string | undefined> {
  return promisify(execFile)(testPython, ['-c', 'import IPython']).then(
    () => undefined,
    () => `${testPython} has no IPython`,
  )
}

export type RuntimeProcess = RuntimeUnderTest & {
  /** All that it logged so far. */
  stderr: () => string
  /** Waits for its end. @returns exit code */
  ended: () => Promise<number | null>
  signal: (name: NodeJS.Signals) => void
}

export type RuntimeProcessOptions = {
  listen?: 'tcp' | 'socket'
  /** Overlaid; a SECRET_TOKEN in it is the token, else one is handed over a descriptor. */
  environment?: Record<string, string>
  /** Its folder, which holds `workspace` and `runtime.sock`; default is one of its own. */
  folder?: string
}

/** Starts the bundle as a sandbox does, in a workspace of its own. Rejects, and leaves nothing, when it ends instead. */
export async function startRuntimeProcess(options: RuntimeProcessOptions = {}): Promise<RuntimeProcess> {
  const folder = options.folder ?? (await mkdtemp(path.join(os.tmpdir(), 'runtime-test-')))
  return startIn(folder, options).catch(async (error: unknown) => {
    if (options.folder === undefined) await rm(folder, { recursive: true, force: true })
    throw error
  })
}

async function startIn(
  folder: string,
  { listen = 'tcp', environment = {} }: RuntimeProcessOptions,
): Promise<RuntimeProcess> {
  const token = environment['SECRET_TOKEN'] ?? randomBytes(16).toString('hex')
  const socket = path.join(folder, 'runtime.sock')
  const workspace = path.join(folder, 'workspace')
  const child = spawn(process.execPath, [bundle], {
    env: {
      PATH: process.env['PATH'],
      HOME: folder,
      WORKSPACE_DIR: workspace,
      RUNTIME_PYTHON: testPython,
      ...(listen === 'tcp' ? { RUNTIME_HOST: '127.0.0.1', RUNTIME_PORT: '0' } : { RUNTIME_SOCKET: socket }),
      ...('SECRET_TOKEN' in environment ? {} : { SECRET_TOKEN_FD: '3' }),
      ...environment,
    },
    stdio: ['ignore', 'ignore', 'pipe', 'pipe'],
  })
  const exited = once(child, 'exit') as Promise<[number | null]>
  const tokenPipe = child.stdio[3] as NodeJS.WritableStream
  tokenPipe.on('error', () => {})
  tokenPipe.end(token)
  let stderr = ''
  const lines = createInterface({ input: child.stderr! })
  lines.on('line', (line) => (stderr += `${line}\n`))
  const ended = once(lines, 'close').then(() => exited)
  const failed = ended.then(([code]) => Promise.reject(new Error(`ended with ${code}: ${stderr}`)))
  const [line] = (await Promise.race([once(lines, 'line', { signal: AbortSignal.timeout(20_000) }), failed])) as [
    string,
  ]
  failed.catch(() => {})
  const { port } = parseListening(line) ?? (await failed)
  const agent = new Agent(listen === 'tcp' ? {} : { connect: { socketPath: socket } })
  return {
    token,
    stderr: () => stderr,
    ended: async () => (await ended)[0],
    signal: (name) => child.kill(name),
    workspace: { hostPath: workspace, path: workspace },
    fetch: (target, init) =>
      undiciFetch(`http://127.0.0.1:${port ?? 80}${target}`, {
        ...init,
        dispatcher: agent,
      } as never),
    async stop() {
      child.kill('SIGTERM')
      await ended
      await agent.close()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

function parseListening(line: string): { port?: number } | undefined {
  return line.startsWith('{') ? (JSON.parse(line) as { port?: number }) : undefined
}
