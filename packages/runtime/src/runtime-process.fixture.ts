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
export const testPython = process.env['LOCAL_PYTHON'] ?? 'python3'

/** Why the tests of Python cells cannot run here. */
export async function pythonProblem(): Promise<string | undefined> {
  return promisify(execFile)(testPython, ['-c', 'import IPython']).then(
    () => undefined,
    () => `${testPython} has no IPython`,
  )
}

/** Starts the bundle as a sandbox does, in a workspace of its own. */
export async function startRuntimeProcess(
  listen: 'tcp' | 'socket',
): Promise<RuntimeUnderTest & { pid: number; stderr: () => string }> {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'runtime-test-'))
  const token = randomBytes(16).toString('hex')
  const socket = path.join(folder, 'runtime.sock')
  const workspace = path.join(folder, 'workspace')
  const child = spawn(process.execPath, [bundle], {
    env: {
      PATH: process.env['PATH'],
      HOME: folder,
      SECRET_TOKEN_FD: '3',
      WORKSPACE_DIR: workspace,
      RUNTIME_PYTHON: testPython,
      ...(listen === 'tcp' ? { RUNTIME_HOST: '127.0.0.1', RUNTIME_PORT: '0' } : { RUNTIME_SOCKET: socket }),
    },
    stdio: ['ignore', 'ignore', 'pipe', 'pipe'],
  })
  ;(child.stdio[3] as NodeJS.WritableStream).end(token)
  let stderr = ''
  const lines = createInterface({ input: child.stderr! })
  lines.on('line', (line) => (stderr += `${line}\n`))
  const [line] = (await Promise.race([
    once(lines, 'line'),
    once(child, 'exit').then(() => Promise.reject(new Error(`the runtime ended: ${stderr}`))),
  ])) as [string]
  const { port } = JSON.parse(line) as { port?: number }
  const agent = new Agent(listen === 'tcp' ? {} : { connect: { socketPath: socket } })
  return {
    token,
    pid: child.pid!,
    stderr: () => stderr,
    workspace: { hostPath: workspace, path: workspace },
    fetch: (target, init) =>
      undiciFetch(`http://127.0.0.1:${port ?? 80}${target}`, {
        ...init,
        dispatcher: agent,
      } as never),
    async stop() {
      const exited = child.exitCode === null ? once(child, 'exit') : undefined
      child.kill('SIGTERM')
      await exited
      await agent.close()
      await rm(folder, { recursive: true, force: true })
    },
  }
}
