import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { securityProfile, silentLogger, type Container, type ContainerSpec, type Logger } from '@runtime-sandbox/core'
import { awaitRuntime, engineSuite, pythonCommand, runShell } from '@runtime-sandbox/testkit'
import { describe, expect, it, onTestFinished } from 'vitest'
import { createLocalBackend } from './create-local-backend.ts'
import { identifyProcess } from './host/process-identity.ts'
import { detectLocal } from './host/local-host.ts'
import { initOf, localUnavailable, openLocalEngine, testContext, testPython, testSpec } from './local-engine.fixture.ts'
import type { LocalConfig } from './local-config.ts'

const { skip } = engineSuite('local', await localUnavailable())

async function openEngine(options: Partial<LocalConfig> = {}) {
  const engine = await openLocalEngine(options)
  onTestFinished(() => engine.dispose())
  return engine
}

async function temporary(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'rsl-'))
  onTestFinished(() => rm(directory, { recursive: true, force: true }))
  return directory
}

/** An engine whose runtime is the given program. */
async function withRuntime(program: string) {
  const directory = await temporary()
  const runtimeEntry = join(directory, 'lib/runtime.mjs')
  await mkdir(join(directory, 'lib'))
  await writeFile(runtimeEntry, program)
  await chmod(directory, 0o755)
  const stateDirectory = join(directory, 'state')
  const backend = createLocalBackend(
    { LOCAL_STATE_DIR: stateDirectory, ...testPython },
    { ...testContext(), runtimeEntry },
  )
  onTestFinished(() => backend.close())
  return { backend, stateDirectory }
}

async function names(engine: {
  backend: { list(labels: object): AsyncIterable<{ name: string }> }
}): Promise<string[]> {
  const all = []
  for await (const { name } of engine.backend.list({})) all.push(name)
  return all
}

describe.skipIf(skip)('local engine', () => {
  const shell = (spec: ContainerSpec, container: Container, command: string) =>
    runShell(container, command, { token: spec.environment['SECRET_TOKEN']! })

  it('has a sandbox that answers in half a second', async () => {
    const { backend } = await openEngine()
    await backend.ping()
    const times: number[] = []
    for (let round = 0; round < 3; round += 1) {
      const spec = testSpec()
      const begin = performance.now()
      await awaitRuntime(await backend.create(spec), { token: spec.environment['SECRET_TOKEN']! })
      times.push(performance.now() - begin)
      await backend.remove(spec.name)
    }
    expect(Math.min(...times)).toBeLessThan(500)
  })

  it('runs stateful Python cells with the interpreter of the host', async () => {
    const { backend } = await openEngine()
    const spec = testSpec()
    const container = await backend.create(spec)
    await awaitRuntime(container, { token: spec.environment['SECRET_TOKEN']! })
    const { stdout } = await shell(spec, container, 'python3 -c "import IPython, ssl, sqlite3; print(40 + 2)"')
    expect(stdout).toBe('42\n')
  })

  it('says what bounds sandboxes here', async () => {
    const told: unknown[] = []
    const logger: Logger = { ...silentLogger, info: (fields) => void told.push(fields) }
    const directory = await temporary()
    const backend = createLocalBackend({ LOCAL_STATE_DIR: directory, ...testPython }, testContext(logger))
    onTestFinished(() => backend.close())
    await Promise.all([backend.ping(), backend.ping()])
    expect(told).toEqual([
      expect.objectContaining({ limits: expect.stringMatching(/^memory by .*, cpu by .*, pids by /) }),
    ])
  })

  it('refuses a limit where there is no cgroup, and applies the defaults as it can', async () => {
    const engine = await openEngine({ LOCAL_CGROUP: 'none' })
    await expect(engine.backend.create(testSpec({ limits: { cpus: 0.5 } }))).rejects.toMatchObject({
      code: 'not_supported',
      message: expect.stringContaining('LOCAL_CGROUP'),
    })
    const spec = testSpec()
    const container = await engine.backend.create(spec)
    await awaitRuntime(container, { token: spec.environment['SECRET_TOKEN']! })
    expect((await shell(spec, container, 'ulimit -d')).stdout).toBe(`${2 * 2 ** 20}\n`)
  })

  it('asks the runtime to end before it is killed', async () => {
    const { backend, stateDirectory } = await withRuntime(runtimeThat("process.on('SIGTERM', () => process.exit(0))"))
    const { id } = await backend.create(testSpec())
    const begin = performance.now()
    await backend.stop(id, { graceMs: 20_000 })
    expect(performance.now() - begin).toBeLessThan(10_000)
    expect(identifyProcess(await initOf(stateDirectory, id))).toBeUndefined()
  })

  it('kills a runtime that does not end when asked', async () => {
    const { backend, stateDirectory } = await withRuntime(runtimeThat("process.on('SIGTERM', () => {})"))
    const { id } = await backend.create(testSpec())
    await backend.stop(id, { graceMs: 100 })
    expect(identifyProcess(await initOf(stateDirectory, id))).toBeUndefined()
    expect(await backend.inspect(id)).toMatchObject({ status: 'exited' })
  })

  it('tells why a runtime did not start, and leaves nothing', async () => {
    const engine = await withRuntime("console.error('no such luck'); process.exit(3)")
    await expect(engine.backend.create(testSpec())).rejects.toMatchObject({
      code: 'sandbox_start_failed',
      message: expect.stringMatching(/exit code 3.*no such luck/s),
    })
    expect(await names(engine)).toEqual([])
  })

  it('gives the token to the runtime alone, on a descriptor that is then closed', async () => {
    const program = `
      import { readFileSync } from 'node:fs'
      const token = readFileSync(Number(process.env.SECRET_TOKEN_FD), 'utf8')
      console.error('token', token, 'variables', JSON.stringify(process.env), process.argv.join(' '))
      process.exit(1)`
    const { backend } = await withRuntime(program)
    const failure = (await backend
      .create(testSpec({ environment: { SECRET_TOKEN: 'the-secret' } }))
      .catch((e) => e)) as Error
    expect(failure.message).toContain('token the-secret variables')
    expect(failure.message.split('variables')[1]).not.toContain('the-secret')
  })

  it('gives up a start when the caller does', async () => {
    const engine = await withRuntime('setInterval(() => {}, 1000)')
    const abort = new AbortController()
    const reason = new Error('enough')
    const creation = engine.backend.create(testSpec(), { signal: abort.signal })
    await expect.poll(async () => names(engine)).toHaveLength(1)
    abort.abort(reason)
    await expect(creation).rejects.toBe(reason)
    expect(await names(engine)).toEqual([])
  })

  it('gives up a start when the sandbox is removed, or the engine closed', async () => {
    for (const end of ['remove', 'close'] as const) {
      const engine = await withRuntime('setInterval(() => {}, 1000)')
      const { name } = testSpec()
      const creation = engine.backend.create(testSpec({ name })).catch((error: unknown) => error)
      await expect.poll(async () => names(engine)).toEqual([name])
      await (end === 'remove' ? engine.backend.remove(name) : engine.backend.close())
      expect(await creation).toMatchObject({ code: 'sandbox_start_failed' })
    }
  })

  it('tells of a runtime that was ended from inside, and nothing of it goes on', async () => {
    const { backend, stateDirectory } = await openEngine()
    const spec = testSpec()
    const container = await backend.create(spec)
    await awaitRuntime(container, { token: spec.environment['SECRET_TOKEN']! })
    const abort = new AbortController()
    onTestFinished(() => abort.abort())
    const event = backend.watch!({}, { signal: abort.signal })[Symbol.asyncIterator]().next()
    await shell(spec, container, 'setsid sleep 1000 & kill -9 $PPID').catch(() => {})
    expect((await event).value).toMatchObject({ name: spec.name, kind: 'exited' })
    expect(await backend.inspect(spec.name)).toMatchObject({ status: 'exited' })
    expect(identifyProcess(await initOf(stateDirectory, container.id))).toBeUndefined()
    const again = await backend.start(container.id)
    await awaitRuntime(again, { token: spec.environment['SECRET_TOKEN']! })
  })

  it('shares the network of the host when told so, but never with a sandbox that must have none', async () => {
    const { backend } = await openEngine({ LOCAL_NETWORK: 'host' })
    const listener = createServer((socket) => void socket.end('hello'))
    await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve))
    onTestFinished(() => void listener.close())
    const { port } = listener.address() as AddressInfo
    const program = pythonCommand(`import socket; print(socket.create_connection(("127.0.0.1", ${port}), 2).recv(9))`)
    const answer = async (security: ContainerSpec['security']) => {
      const spec = testSpec({ security })
      const container = await backend.create(spec)
      await awaitRuntime(container, { token: spec.environment['SECRET_TOKEN']! })
      return (await shell(spec, container, program)).stdout
    }
    expect(await answer(securityProfile('medium', { network: true }))).toBe("b'hello'\n")
    expect(await answer(securityProfile('high'))).toBe('')
  })

  it('shows a workspace that lies where only the server can go', async () => {
    const { backend } = await openEngine()
    const parent = await temporary()
    await chmod(parent, 0o700)
    const source = join(parent, 'workspace')
    await mkdir(source)
    const spec = testSpec({ mounts: [{ source, target: '/workspace', readOnly: false }] })
    const container = await backend.create(spec)
    await awaitRuntime(container, { token: spec.environment['SECRET_TOKEN']! })
    expect(await shell(spec, container, 'echo hi > file')).toMatchObject({ stderr: '', returncode: 0 })
    expect(await readFile(join(source, 'file'), 'utf8')).toBe('hi\n')
  })
})

describe('local engine without what it needs', () => {
  it('says what is missing', async () => {
    expect(await detectLocal({ python: '/nonexistent/python3' })).toMatch(
      /Python with IPython|bubblewrap|namespaces|Linux/,
    )
  })

  it('says that the runtime is not installed', async () => {
    for (const runtimeEntry of [undefined, '/nonexistent/runtime.mjs']) {
      const backend = createLocalBackend(
        { LOCAL_STATE_DIR: await temporary(), ...testPython },
        { ...testContext(), runtimeEntry },
      )
      await expect(backend.ping()).rejects.toMatchObject({
        code: 'engine_unavailable',
        message: expect.stringContaining('@runtime-sandbox/runtime'),
      })
    }
  })

  it('makes nothing after it was closed', async () => {
    const backend = createLocalBackend({ LOCAL_STATE_DIR: await temporary(), ...testPython }, testContext())
    await backend.close()
    await expect(backend.create(testSpec())).rejects.toMatchObject({ code: 'engine_unavailable' })
  })
})

/** A runtime that makes its socket, and then does `more`. */
function runtimeThat(more: string): string {
  return `import { createServer } from 'node:http'\ncreateServer().listen(process.env.RUNTIME_SOCKET)\n${more}\n`
}
