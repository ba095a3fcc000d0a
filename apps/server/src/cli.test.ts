import { readFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { fakeEngine, Run, run, workingDirectory } from './cli.fixture.ts'
import { version } from './version.ts'

const fake = { CONTAINER_DEPLOYMENT: fakeEngine, PORT: '0', POOL_SIZE: '0' }

describe('the command line', () => {
  it('--help and --version', async () => {
    using directory = workingDirectory()
    const help = await run(['--help'], { directory: directory.path })
    expect(help).toMatchObject({ code: 0, stderr: '' })
    expect(help.stdout).toContain('--extension MODULE')
    expect(await run(['--version'], { directory: directory.path })).toEqual({
      code: 0,
      stdout: `${version}\n`,
      stderr: '',
    })
  })

  it.each([[['--nope']], [['word']], [['--port']], [['--log-level', 'LOUD']]])('%j: exit 2', async (words) => {
    using directory = workingDirectory()
    const { code, stderr, stdout } = await run(words, { directory: directory.path })
    expect(code).toBe(2)
    expect(stderr).toContain('--help')
    expect(stdout).toBe('')
  })
})

describe('what keeps the server from starting', () => {
  it('every invalid setting at once: exit 78', async () => {
    using directory = workingDirectory({ 'my.env': 'PORT=x\nDEBUG=perhaps\nREDIS_ENABLED=True\nFAKE_TOKEN=hidden' })
    const { code, stderr, stdout } = await run(['--config', 'my.env', '--extension', './gone.js'], {
      directory: directory.path,
      environment: { ...fake, DEFAULT_SANDBOX_TYPE: 'nope', REDIS_PASSWORD: 'hidden' },
    })
    expect(code).toBe(78)
    expect(stdout).toBe('')
    const names = stderr
      .trim()
      .split('\n')
      .map((line) => line.split(':')[0])
    expect(names).toEqual([
      '--extension ./gone.js',
      'PORT',
      'DEBUG',
      'REDIS_ENABLED',
      'DEFAULT_SANDBOX_TYPE',
      'FAKE_TOKEN',
    ])
    expect(stderr).not.toContain('hidden')
  })

  it('a missing settings file: exit 78', async () => {
    using directory = workingDirectory()
    const { code, stderr } = await run(['--config', 'none.env'], { directory: directory.path })
    expect({ code, stderr }).toEqual({ code: 78, stderr: 'Error: Config file none.env does not exist\n' })
  })

  it('an engine that does not exist: exit 78', async () => {
    using directory = workingDirectory({ 'data.js': 'export default {}' })
    const start = (name: string) =>
      run([], { directory: directory.path, environment: { ...fake, CONTAINER_DEPLOYMENT: name } })
    const unknown = await start('no-such-engine')
    expect(unknown.code).toBe(78)
    expect(unknown.stderr).toMatch(
      /^CONTAINER_DEPLOYMENT: "no-such-engine" is neither an engine of this build nor a package/,
    )
    const other = await start('./data.js')
    expect(other.code).toBe(78)
    expect(other.stderr).toMatch(/is not an engine/)
  })

  it('an engine that does not answer: exit 69', async () => {
    using directory = workingDirectory()
    const { code, stderr } = await run([], { directory: directory.path, environment: { ...fake, FAKE_FAILS: 'yes' } })
    expect(code).toBe(69)
    expect(stderr).toContain('the fake engine is switched off')
  })

  it('sandboxes that cannot be kept: exit 78', async () => {
    using directory = workingDirectory()
    const { code, stderr } = await run([], {
      directory: directory.path,
      environment: { ...fake, AUTO_CLEANUP: 'False' },
    })
    expect(code).toBe(78)
    expect(stderr).toMatch(/^AUTO_CLEANUP: /)
  })

  it('a port that is taken: exit 69', async () => {
    const taken = createServer().listen(0, '127.0.0.1')
    await once(taken, 'listening')
    const { port } = taken.address() as AddressInfo
    using directory = workingDirectory()
    const { code, stderr } = await run(['--port', String(port)], { directory: directory.path, environment: fake })
    taken.close()
    expect(code).toBe(69)
    expect(stderr).toContain(`port ${port} of 127.0.0.1 is already in use`)
  })

  it('an address that is not of this machine: exit 69', async () => {
    using directory = workingDirectory()
    const { code, stderr } = await run(['--host', '192.0.2.1'], { directory: directory.path, environment: fake })
    expect(code).toBe(69)
    expect(stderr).toContain('192.0.2.1')
  })
})

describe('a running server', () => {
  it('serves, proxies, and on SIGTERM ends its sandboxes and exits 0', async () => {
    using directory = workingDirectory()
    await using server = new Run(['--log-level', 'info'], {
      directory: directory.path,
      environment: { ...fake, POOL_SIZE: '1' },
    })
    const url = await server.url
    expect(await (await fetch(`${url}/health`)).json()).toMatchObject({ status: 'healthy' })
    const created = (await (await fetch(`${url}/create_from_pool`, { method: 'POST', body: '{}' })).json()) as {
      data: string
    }
    expect(created.data).toMatch(/^agent-runtime-container-/)
    const proxied = await fetch(`${url}/proxy/${created.data}/workspace/file?path=a`)
    expect(await proxied.text()).toBe('GET /fastapi/workspace/file?path=a')
    server.child.kill('SIGTERM')
    const { code, stdout } = await server.ended
    expect(code).toBe(0)
    expect(stdout).toContain('"left":0')
    for (const line of stdout.trim().split('\n')) expect(JSON.parse(line)).toHaveProperty('level')
  })

  it('takes signals in quick succession for one, and exits at once on a later one', async () => {
    using directory = workingDirectory()
    await using server = new Run([], { directory: directory.path, environment: fake })
    const url = await server.url
    const { data } = (await (await fetch(`${url}/create`, { method: 'POST', body: '{}' })).json()) as { data: string }
    const hanging = await fetch(`${url}/proxy/${data}/slow`)
    const again = setInterval(() => server.child.kill('SIGINT'), 50)
    const { code } = await server.ended
    clearInterval(again)
    expect(code).toBe(130)
    await expect(hanging.text()).rejects.toThrow('terminated')
  })

  it('makes a token where others can reach it, tells it once and never logs it', async () => {
    using directory = workingDirectory()
    await using server = new Run(['--host', '0.0.0.0', '--log-level', 'debug'], {
      directory: directory.path,
      environment: fake,
    })
    const url = await server.url
    const token = /^ {4}(\S{43})$/m.exec(server.stderr)![1]!
    const call = (headers: Record<string, string>) =>
      fetch(`${url}/list_session_keys`, { method: 'POST', body: '{}', headers })
    expect((await call({})).status).toBe(401)
    expect((await call({ authorization: `Bearer ${token}` })).status).toBe(200)
    server.child.kill('SIGTERM')
    const { stdout, stderr } = await server.ended
    expect(stdout).not.toContain(token)
    expect(stderr.split(token)).toHaveLength(2)
  })

  it('runs on an engine whose file lies outside of any package', async () => {
    using directory = workingDirectory({ 'engine.ts': readFileSync(fakeEngine, 'utf8') })
    await using server = new Run([], {
      directory: directory.path,
      environment: { ...fake, CONTAINER_DEPLOYMENT: './engine.ts' },
    })
    expect((await fetch(`${await server.url}/health`)).status).toBe(200)
  })

  it('says which settings have no effect, and which file it read', async () => {
    using directory = workingDirectory({ '.env.example': `K8S_NAMESPACE=x\nCONTAINER_DEPLOYMENT=${fakeEngine}\n` })
    await using server = new Run([], { directory: directory.path, environment: { PORT: '0', POOL_SIZE: '0' } })
    await server.url
    server.child.kill('SIGINT')
    const { stdout } = await server.ended
    expect(stdout).toContain('no effect in this build: K8S_NAMESPACE')
    expect(stdout).toContain(join(directory.path, '.env.example'))
  })
})
