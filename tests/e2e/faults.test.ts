import { createServer, connect, type Server, type Socket } from 'node:net'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { BaseSandbox } from '@runtime-sandbox/client'
import { docker, dockerCommand, engines, imageEnvironment, local } from './engines.ts'
import { until } from './sandbox-scenarios.ts'
import { freePort, ServerProcess } from './server-process.ts'

const prefixOf = () => `e2e-${Math.random().toString(36).slice(2, 8)}-`
const containers = async (prefix: string) =>
  (await dockerCommand('ps', '--all', '--quiet', '--filter', `name=^${prefix}`)).split('\n').filter(Boolean)

describe.each(engines)('faults on $name', ({ name, skip, environment }) => {
  describe.skipIf(skip)('that every engine survives', () => {
    it('tells that a killed runtime is gone, and goes on', async () => {
      await using server = await ServerProcess.start({ environment })
      const sandbox = await BaseSandbox.create(server.connection)
      await sandbox.runShellCommand('kill -9 $(pgrep -f runtime.mjs) 2>/dev/null || kill -9 -1').catch(() => {})
      await until(async () =>
        codeOf(sandbox.runShellCommand('true')).then(
          (code) => code === 'sandbox_not_running' || code === 'sandbox_unreachable',
        ),
      )
      await using next = await BaseSandbox.create(server.connection)
      expect((await next.runShellCommand('echo fine')).stdout).toBe('fine\n')
      await sandbox.close()
    })

    it('fills the pool at once, and again when a parked sandbox is lost', async () => {
      const prefix = prefixOf()
      await using server = await ServerProcess.start({
        environment: { ...environment, POOL_SIZE: '2', CONTAINER_PREFIX_KEY: prefix, MAX_SANDBOX_INSTANCES: '10' },
      })
      await parked(server, 2)
      const startedAt = performance.now()
      await using sandbox = await BaseSandbox.create(server.connection)
      const claimMs = performance.now() - startedAt
      expect(claimMs).toBeLessThan(150)
      expect((await sandbox.runShellCommand('echo warm')).stdout).toBe('warm\n')
      await parked(server, 3)
      if (name !== 'docker') return
      const others = (await dockerCommand('ps', '--format', '{{.Names}}', '--filter', `name=^${prefix}`))
        .split('\n')
        .filter((each) => each !== sandbox.id)
      await dockerCommand('kill', others[0]!)
      await until(async () => {
        const now = (await dockerCommand('ps', '--format', '{{.Names}}', '--filter', `name=^${prefix}`)).split('\n')
        return now.length === 3 && !now.includes(others[0]!)
      })
    })

    it('removes everything when asked to stop', async () => {
      const prefix = prefixOf()
      const directory = await mkdtemp(path.join(tmpdir(), 'e2e-stop-'))
      const server = await ServerProcess.start({
        environment: { ...environment, POOL_SIZE: '1', CONTAINER_PREFIX_KEY: prefix },
        directory,
      })
      const sandbox = await BaseSandbox.create(server.connection)
      const long = sandbox.runShellCommand('sleep 600').catch(() => 'ended')
      expect(await server.stop()).toBe(0)
      await long
      expect(name === 'docker' ? await containers(prefix) : []).toEqual([])
      expect(await readdir(path.join(directory, 'sessions_mount_dir'))).toEqual([])
      await rm(directory, { recursive: true })
    })

    it('says that its port is taken, with its own exit code', async () => {
      await using server = await ServerProcess.start({ environment })
      const port = new URL(server.url).port
      await expect(ServerProcess.start({ environment: { ...environment, PORT: port } })).rejects.toThrow(
        /ended with 69.*(in use|taken)/s,
      )
    })
  })
})

describe.skipIf(docker.skip)('faults on docker alone', () => {
  const { environment } = docker

  it('tells that a container was killed from outside', async () => {
    await using server = await ServerProcess.start({ environment })
    const sandbox = await BaseSandbox.create(server.connection)
    await dockerCommand('kill', sandbox.id)
    await until(async () => (await codeOf(sandbox.runShellCommand('true'))) === 'sandbox_not_running')
    await sandbox.close()
    expect(await containers(sandbox.id)).toEqual([])
  })

  it('a successor of a killed server removes what it left', async () => {
    const prefix = prefixOf()
    const directory = await mkdtemp(path.join(tmpdir(), 'e2e-crash-'))
    const options = {
      environment: { ...environment, PORT: String(await freePort()), CONTAINER_PREFIX_KEY: prefix },
      directory,
    }
    const server = await ServerProcess.start(options)
    await BaseSandbox.create(server.connection)
    await using stranger = await ServerProcess.start({ environment: { ...environment, CONTAINER_PREFIX_KEY: prefix } })
    const others = await BaseSandbox.create(stranger.connection)
    await server.kill()
    expect(await containers(prefix)).toHaveLength(2)
    {
      await using successor = await ServerProcess.start(options)
      await until(async () => (await containers(prefix)).length === 1)
      expect(successor.output).toContain('server is ready')
      // Another server's sandbox on the same engine is not touched.
      expect((await others.runShellCommand('echo alive')).stdout).toBe('alive\n')
    }
    await rm(directory, { recursive: true })
  })

  it('a successor adopts what it found, where it is told to keep it', async () => {
    const prefix = prefixOf()
    const directory = await mkdtemp(path.join(tmpdir(), 'e2e-adopt-'))
    const port = String(await freePort())
    const options = {
      environment: { ...environment, PORT: port, CONTAINER_PREFIX_KEY: prefix, AUTO_CLEANUP: 'False' },
      directory,
    }
    const server = await ServerProcess.start(options)
    const sandbox = await BaseSandbox.create(server.connection)
    await sandbox.runIpythonCell('kept = 7')
    await server.kill()
    await using successor = await ServerProcess.start(options)
    const again = await BaseSandbox.connect(sandbox.id, successor.connection)
    expect((await again.runIpythonCell('print(kept)')).stdout).toBe('7\n')
    // A port that is in use is not handed out again.
    const next = await BaseSandbox.create(successor.connection)
    expect((await next.runShellCommand('echo next')).stdout).toBe('next\n')
    await next.release()
    await again.release()
    expect(await containers(prefix)).toEqual([])
  })

  it('fails fast while the engine is away, keeps what runs, and heals', async () => {
    const relay = await EngineRelay.open()
    try {
      await using server = await ServerProcess.start({
        environment: { ...environment, DOCKER_HOST: `unix://${relay.socket}` },
      })
      const sandbox = await BaseSandbox.create(server.connection)
      await relay.close()
      const startedAt = performance.now()
      expect(await codeOf(BaseSandbox.create(server.connection))).toBe('engine_unavailable')
      expect(performance.now() - startedAt).toBeLessThan(5_000)
      expect((await sandbox.runShellCommand('echo still here')).stdout).toBe('still here\n')
      await relay.reopen()
      await using next = await BaseSandbox.create(server.connection)
      expect((await next.runShellCommand('echo healed')).stdout).toBe('healed\n')
      await sandbox.close()
    } finally {
      await relay.close()
    }
  })

  it('does not start on an engine that is not there', async () => {
    const missing = { ...environment, DOCKER_HOST: 'unix:///nowhere/docker.sock' }
    await expect(ServerProcess.start({ environment: missing })).rejects.toThrow(/ended with 69.*Docker/s)
  })

  it('tells of an image that does not exist, and leaves nothing', async () => {
    const prefix = prefixOf()
    await using server = await ServerProcess.start({
      environment: { ...environment, RUNTIME_SANDBOX_REGISTRY: '127.0.0.1:1', CONTAINER_PREFIX_KEY: prefix },
    })
    const answer = await server.call('create_from_pool', {})
    expect(answer).toMatchObject({ status: 200, body: { data: null, error: { code: 'image_unavailable' } } })
    expect(await containers(prefix)).toEqual([])
  })
})

describe.skipIf(local.skip)('choosing an engine', () => {
  it('takes the local one when nothing else answers, and says so', async () => {
    const { CONTAINER_DEPLOYMENT: _, ...rest } = local.environment
    await using server = await ServerProcess.start({
      environment: { ...rest, ...imageEnvironment, DOCKER_HOST: 'unix:///nowhere/docker.sock' },
    })
    expect(server.output).toMatch(/engine: local/)
    await using sandbox = await BaseSandbox.create(server.connection)
    expect((await sandbox.runShellCommand('echo local')).stdout).toBe('local\n')
  })

  it('refuses what the local engine cannot do', async () => {
    await expect(ServerProcess.start({ environment: { ...local.environment, AUTO_CLEANUP: 'False' } })).rejects.toThrow(
      /ended with 78.*AUTO_CLEANUP/s,
    )
    await using server = await ServerProcess.start({ environment: local.environment })
    const answer = await server.call('create', { sandbox_type: 'browser' })
    expect(answer.body).toMatchObject({
      data: null,
      error: { code: 'not_supported', detail: expect.stringMatching(/browser/) },
    })
  })

  it('lists every wrong setting at once', async () => {
    const environment = {
      ...local.environment,
      POOL_SIZE: 'many',
      PORT_RANGE: '1-2',
      WORKERS: '4',
      DEFAULT_SANDBOX_TYPE: 'nope',
      REDIS_ENABLED: 'maybe',
    }
    const failure = await ServerProcess.start({ environment }).then(String, String)
    expect(failure).toMatch(/ended with 78/)
    for (const name of ['POOL_SIZE', 'WORKERS', 'DEFAULT_SANDBOX_TYPE', 'REDIS_ENABLED'])
      expect(failure).toContain(name)
  })
})

async function codeOf(promise: Promise<unknown>): Promise<string> {
  return promise.then(
    () => 'no error',
    (error: { code?: string }) => error.code ?? 'another error',
  )
}

/** Waits until the server counts that many sandboxes as ready or in use. */
async function parked(server: ServerProcess, count: number): Promise<void> {
  await until(async () => (server.output.match(/"to":"warm"/g) ?? []).length >= count)
}

/** A socket in front of the engine's, which can go away. */
class EngineRelay {
  readonly #directory: string
  #server: Server | undefined
  readonly #connections = new Set<Socket>()

  private constructor(directory: string) {
    this.#directory = directory
  }

  static async open(): Promise<EngineRelay> {
    const relay = new EngineRelay(await mkdtemp(path.join(tmpdir(), 'relay-')))
    await relay.reopen()
    return relay
  }

  get socket(): string {
    return path.join(this.#directory, 'docker.sock')
  }

  async reopen(): Promise<void> {
    const server = createServer((incoming) => {
      const outgoing = connect('/var/run/docker.sock')
      for (const socket of [incoming, outgoing]) {
        this.#connections.add(socket)
        socket.on('error', () => {})
        socket.on('close', () => {
          this.#connections.delete(socket)
          incoming.destroy()
          outgoing.destroy()
        })
      }
      incoming.pipe(outgoing).pipe(incoming)
    })
    await new Promise<void>((resolve) => server.listen(this.socket, resolve))
    this.#server = server
  }

  async close(): Promise<void> {
    const server = this.#server
    this.#server = undefined
    for (const socket of this.#connections) socket.destroy()
    if (server) await new Promise((resolve) => server.close(resolve))
  }
}
