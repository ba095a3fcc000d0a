import { securityProfile } from '@runtime-sandbox/core'
import { engineSuite } from '@runtime-sandbox/testkit'
import { describe, expect, it } from 'vitest'
import { DockerBench, nothing, tokenOf } from './docker-bench.fixture.ts'
import { dockerProblem } from './docker-engine.fixture.ts'

const { skip } = engineSuite('docker', await dockerProblem())

describe.skipIf(skip)('a life on a Docker engine', () => {
  const bench = new DockerBench([24_300, 24_310])

  it.each<[string, Record<string, unknown>]>([
    ['an entrypoint that does not exist', { entrypoint: ['/no/such/program'] }],
    ['a working directory that is a file', { working_dir: '/etc/hostname' }],
    ['a network that does not exist', { network: 'docker-test-no-such-network' }],
    ['less memory than the engine takes', { mem_limit: '1k' }],
  ])('fails with %s, and leaves nothing', async (_, runtimeConfig) => {
    const server = await bench.open()
    await expect(bench.create(server, { runtimeConfig })).rejects.toMatchObject({ code: 'sandbox_start_failed' })
    expect(await bench.residue(server)).toEqual(nothing)
  })

  it('fails with an entrypoint that does not exist, and leaves no directory', async () => {
    const server = await bench.open()
    const runtimeConfig = { entrypoint: ['/no/such/program'] }
    await expect(bench.create(server, { runtimeConfig, security: securityProfile('high') })).rejects.toMatchObject({
      code: 'sandbox_start_failed',
      message: expect.stringContaining('/no/such/program') as string,
    })
    expect(await bench.residue(server)).toEqual(nothing)
  })

  it.each(['', '../box', 'a', '-x'])('refuses the name %j', async (name) => {
    const server = await bench.open()
    await expect(bench.create(server, { name })).rejects.toMatchObject({ code: 'invalid_argument' })
    expect(await bench.residue(server)).toEqual(nothing)
  })

  it('is refused by gvisor where runsc is not installed', async () => {
    const server = await bench.open({ name: 'gvisor', runtime: 'no-such-runsc' })
    expect(server.backend.name).toBe('gvisor')
    await expect(server.backend.ping()).rejects.toMatchObject({ code: 'engine_unavailable' })
    await expect(bench.create(server)).rejects.toMatchObject({
      code: 'not_supported',
      message: expect.stringContaining('no runtime named no-such-runsc') as string,
    })
    expect(await bench.residue(server)).toEqual(nothing)
  })

  it('can be paused, stopped while paused, started, and removed while paused', async () => {
    const server = await bench.open()
    const { backend } = server
    const { spec, container } = await bench.createHealthy(server)
    const status = async () => (await backend.inspect(container.id))?.status
    await backend.pause!(container.id)
    expect(await status()).toBe('paused')
    await backend.stop(container.id, { graceMs: 0 })
    expect(await status()).toBe('exited')
    await bench.awaitHealthy({ spec, container: await backend.start(container.id) })
    await backend.pause!(container.id)
    await backend.remove(container.id)
    expect(await bench.residue(server)).toEqual(nothing)
  })

  it('refuses to pause what does not run', async () => {
    const server = await bench.open()
    const { container } = await bench.create(server)
    await server.backend.stop(container.id, { graceMs: 0 })
    await expect(server.backend.pause!(container.id)).rejects.toMatchObject({ code: 'conflict' })
  })

  it('tells the last lines of what it printed', async () => {
    const server = await bench.open()
    const runtimeConfig = {
      entrypoint: ['/bin/sh', '-c'],
      command: ['for i in 1 2 3; do echo out $i; echo err $i >&2; done'],
    }
    const { container } = await bench.create(server, { runtimeConfig })
    await expect.poll(async () => (await server.backend.inspect(container.id))?.status).toBe('exited')
    const all = (await server.backend.logs!(container.id)).trim().split('\n')
    expect(all.toSorted()).toEqual(['err 1', 'err 2', 'err 3', 'out 1', 'out 2', 'out 3'])
    const last = (await server.backend.logs!(container.id, { lines: 2 })).trim().split('\n')
    expect(last).toHaveLength(2)
  })

  it('is known in full to a server that knows nothing, which does not hand out its port', async () => {
    const { spec, container } = await bench.createHealthy(await bench.open(), {
      labels: { colour: 'red' },
      mounts: [{ source: '/etc/ssl', target: '/data', readOnly: true }],
    })
    const later = await bench.open()
    expect(await bench.list(later)).toEqual([
      {
        ...container,
        name: spec.name,
        status: 'running',
        createdAt: expect.any(Number) as number,
        labels: expect.objectContaining({ ...bench.labels, colour: 'red' }) as object,
        environment: expect.objectContaining({ SECRET_TOKEN: tokenOf(spec) }) as object,
        mounts: [{ source: '/etc/ssl', target: '/data', readOnly: true }],
      },
    ])
    expect(await bench.leasedPorts(later)).toEqual([24_300])
    expect((await bench.createHealthy(later)).container.ports).toEqual([24_301])
    expect((await bench.shell({ spec, container }, 'echo well')).stdout.trim()).toBe('well')
  })
})
