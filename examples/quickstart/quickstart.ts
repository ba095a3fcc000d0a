// Starts a server on a free port, uses a sandbox through the SDK, checks every answer, and cleans up.
import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { BaseSandbox, buildImageUri, imageNamingFrom } from '@runtime-sandbox/client'
import { createLogger, startServer, StartupError } from 'runtime-sandbox-server'

/** Runs one step and prints what it gave and how long it took. */
async function step<Value>(title: string, work: () => Promise<Value>, show: (value: Value) => string): Promise<Value> {
  const startedAt = performance.now()
  const value = await work()
  const time = `${(performance.now() - startedAt).toFixed(0)} ms`
  console.log(`${title.padEnd(34)} ${time.padStart(8)}   ${show(value)}`)
  return value
}

async function main(): Promise<void> {
  const directory = await mkdtemp(path.join(tmpdir(), 'quickstart-'))
  try {
    await using server = await step(
      'start a server',
      () =>
        startServer({
          directory,
          environment: { ...process.env },
          flags: { HOST: '127.0.0.1', PORT: '0' },
          // With `auto`, Docker is worth choosing only if it has the image, or can get it.
          requireImage: buildImageUri('runtime-sandbox-base', imageNamingFrom(process.env)),
          logger: () => createLogger({ level: 'ERROR' }),
        }),
      ({ url, engine }) => `${url}, engine ${engine.name}\n  (${engine.reason})`,
    )
    await using sandbox = await step(
      'create a sandbox',
      () => BaseSandbox.create({ baseUrl: server.url, bearerToken: server.token }),
      ({ id }) => id,
    )
    await useSandbox(sandbox)
    await step(
      'release the sandbox',
      () => sandbox.close(),
      () => 'gone',
    )
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
}

async function useSandbox(sandbox: BaseSandbox): Promise<void> {
  const shown = (text: string) => JSON.stringify(text)

  const shell = await step(
    'run a shell command',
    () => sandbox.runShellCommand('echo "hello from $(whoami)"; pwd'),
    (result) => shown(result.stdout),
  )
  assert.match(shell.stdout, /^hello from .+\n\/workspace\n$/)
  assert.equal(shell.exitCode, 0)

  const first = await step(
    'run a Python cell',
    () => sandbox.runIpythonCell('numbers = [n * n for n in range(5)]'),
    () => 'numbers = [n * n for n in range(5)]',
  )
  assert.equal(first.error, null, first.stdout)
  const second = await step(
    'and one that uses its variables',
    () => sandbox.runIpythonCell('print(sum(numbers))'),
    (result) => shown(result.stdout),
  )
  assert.equal(second.stdout, '30\n')

  await step(
    'write a file',
    () => sandbox.fs.write('notes/today.txt', 'sandboxes are fun\n'),
    ({ path: file, size }) => `${file}, ${size} bytes`,
  )
  const counted = await step(
    'read it with the shell',
    () => sandbox.runShellCommand('wc -w < notes/today.txt'),
    (result) => shown(result.stdout),
  )
  assert.equal(counted.stdout.trim(), '3')
  const text = await step('read it back', () => sandbox.fs.read('notes/today.txt'), shown)
  assert.equal(text, 'sandboxes are fun\n')
}

try {
  await main()
  console.log('\nAll of it worked. `npm start` starts a server for use; docs/getting-started.md goes on from here.')
} catch (error) {
  const problems = error instanceof StartupError ? error.problems : [error]
  for (const problem of problems) console.error(problem)
  process.exitCode = 1
}
