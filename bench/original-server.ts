import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import type { Settings } from './figure.ts'
import { JsonClient } from './load.ts'

const run = promisify(execFile)
const requirements = fileURLToPath(new URL('../tests/python-client/requirements.txt', import.meta.url))
/** What its server imports beside what its client does. */
const serverRequirements = ['docker==7.1.0', 'kubernetes==34.1.0']
const token = 'token-of-the-original'

export type OriginalServer = AsyncDisposable & { pid: number; client: JsonClient }

/** Makes the original's environment below `folder`, once. */
async function provide(folder: string): Promise<string> {
  const program = path.join(folder, 'bin', 'runtime-sandbox-server')
  const pip = path.join(folder, 'bin', 'pip')
  if (existsSync(path.join(folder, 'complete'))) return program
  await run('python3', ['-m', 'venv', folder])
  await run(pip, ['install', '--quiet', '--no-deps', '--requirement', requirements])
  await run(pip, ['install', '--quiet', ...serverRequirements], { timeout: 300_000 })
  await run('touch', [path.join(folder, 'complete')])
  return program
}

/** The original's server on a port of its own, with memory state. */
export async function startOriginalServer(settings: Settings, port: number): Promise<OriginalServer> {
  const program = await provide(path.join(tmpdir(), 'runtime-sandbox-bench-original'))
  const directory = await mkdtemp(path.join(tmpdir(), 'bench-original-'))
  const child = spawn(program, ['--log-level', 'ERROR'], {
    cwd: directory,
    env: { PATH: process.env['PATH'] ?? '', HOST: '127.0.0.1', PORT: String(port), BEARER_TOKEN: token, ...settings },
    stdio: 'ignore',
  })
  const ended = once(child, 'exit')
  const url = `http://127.0.0.1:${port}`
  const client = new JsonClient(url, token)
  for (let tries = 0; tries < 300; tries++) {
    if (
      await fetch(`${url}/health`).then(
        (answer) => answer.ok,
        () => false,
      )
    )
      break
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  return {
    pid: child.pid!,
    client,
    async [Symbol.asyncDispose]() {
      await client[Symbol.asyncDispose]()
      child.kill('SIGTERM')
      await Promise.race([ended, new Promise((resolve) => setTimeout(resolve, 60_000).unref())])
      child.kill('SIGKILL')
      await rm(directory, { recursive: true, force: true })
    },
  }
}
