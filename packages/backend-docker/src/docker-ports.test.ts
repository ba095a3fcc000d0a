import os from 'node:os'
import { SandboxError } from '@runtime-sandbox/core'
import { engineSuite } from '@runtime-sandbox/testkit'
import { describe, expect, it } from 'vitest'
import { DockerBench, docker, nothing } from './docker-bench.fixture.ts'
import { dockerProblem } from './docker-engine.fixture.ts'
import { connectProblem, listen, unlisten } from './listener.fixture.ts'

const { skip } = engineSuite('docker', await dockerProblem())

describe.skipIf(skip)('ports on a Docker engine', () => {
  const bench = new DockerBench([24_000, 24_010])

  it('skips a port on which somebody else listens', async () => {
    const server = await bench.open({ portRange: [24_000, 24_003] })
    const others = [await listen(24_000), await listen(24_001, '0.0.0.0')]
    try {
      const sandbox = await bench.createHealthy(server)
      expect(sandbox.container).toMatchObject({ url: 'http://127.0.0.1:24002', ports: [24_002] })
      expect(await bench.leasedPorts(server)).toEqual([24_002])
    } finally {
      await Promise.all(others.map(unlisten))
    }
  })

  it('skips a port that the engine has published for another, which no listing told of', async () => {
    const [first, second] = [await bench.open(), await bench.open()]
    const taken = await bench.createHealthy(first)
    const sandbox = await bench.createHealthy(second)
    expect(taken.container.ports).toEqual([24_000])
    expect(sandbox.container.ports).toEqual([24_001])
    expect(await bench.leasedPorts(second)).toEqual([24_001])
  })

  it('says so when no port is free, and leaves nothing', async () => {
    const server = await bench.open({ portRange: [24_000, 24_002] })
    const others = [await listen(24_000), await listen(24_001)]
    try {
      await expect(bench.create(server)).rejects.toMatchObject({
        code: 'no_free_port',
        message: 'no free port in PORT_RANGE [24000,24002]',
      })
      expect(await bench.residue(server)).toEqual(nothing)
    } finally {
      await Promise.all(others.map(unlisten))
    }
    await bench.create(server)
  })

  it('publishes on the loopback alone', async () => {
    const server = await bench.open()
    const { container } = await bench.createHealthy(server)
    const port = container.ports[0] as number
    expect(JSON.parse(await docker('inspect', '--format', '{{json .NetworkSettings.Ports}}', container.id))).toEqual({
      '80/tcp': [{ HostIp: '127.0.0.1', HostPort: String(port) }],
    })
    const others = Object.values(os.networkInterfaces())
      .flat()
      .filter((network) => network !== undefined && !network.internal && network.family === 'IPv4')
      .map((network) => network!.address)
    expect(others).not.toEqual([])
    expect(await connectProblem(port, '127.0.0.1')).toBeUndefined()
    for (const address of others) expect(await connectProblem(port, address), address).toBe('ECONNREFUSED')
  })

  it('publishes on another address when a setting says so', async () => {
    const server = await bench.open({ bindHost: '0.0.0.0' })
    const { container } = await bench.createHealthy(server)
    expect(container.url).toBe('http://127.0.0.1:24000')
    expect(await docker('port', container.id)).toContain('0.0.0.0:24000')
  })

  it('gives ten sandboxes at once ten ports, and an eleventh none', { timeout: 120_000 }, async () => {
    const server = await bench.open()
    const outcomes = await Promise.allSettled(Array.from({ length: 11 }, () => bench.create(server)))
    const made = outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []))
    const failures = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason as unknown] : []))
    expect(failures.map((reason) => SandboxError.is(reason, 'no_free_port') || reason)).toEqual([true])
    const ports = made.flatMap(({ container }) => container.ports as number[]).toSorted((a, b) => a - b)
    expect(ports).toEqual([24_000, 24_001, 24_002, 24_003, 24_004, 24_005, 24_006, 24_007, 24_008, 24_009])
    await Promise.all(made.map((sandbox) => bench.awaitHealthy(sandbox)))
    await Promise.all(made.map(({ container }) => server.backend.remove(container.id)))
    expect(await bench.residue(server)).toEqual(nothing)
  })
})
