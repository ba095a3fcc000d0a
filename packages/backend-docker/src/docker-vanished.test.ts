import { securityProfile, type ContainerSpec } from '@runtime-sandbox/core'
import { engineSuite } from '@runtime-sandbox/testkit'
import { describe, expect, it } from 'vitest'
import { DockerBench, docker, nothing } from './docker-bench.fixture.ts'
import { dockerProblem } from './docker-engine.fixture.ts'

const { skip } = engineSuite('docker', await dockerProblem())
const ways: [string, Partial<ContainerSpec>][] = [
  ['a port', {}],
  ['a socket', { security: securityProfile('high') }],
]

describe.skipIf(skip)('containers that vanish from a Docker engine', () => {
  const bench = new DockerBench([24_200, 24_210])

  it.each(ways)('one with %s gives it back when it is removed by its id', async (_, overrides) => {
    const server = await bench.open()
    const { container } = await bench.create(server, overrides)
    await docker('rm', '--force', '--volumes', container.id)
    expect(await server.backend.inspect(container.id)).toBeUndefined()
    await server.backend.remove(container.id)
    expect(await bench.residue(server)).toEqual(nothing)
    await server.backend.remove(container.id)
  })

  it('one that an earlier server made gives its port back, once it was listed', async () => {
    const { container } = await bench.create(await bench.open())
    const later = await bench.open()
    await bench.list(later)
    expect(await bench.leasedPorts(later)).toEqual([24_200])
    await docker('rm', '--force', container.id)
    await later.backend.remove(container.id)
    expect(await bench.residue(later)).toEqual(nothing)
  })

  it('one that an earlier server made gives its directory back, also when no server ever listed it', async () => {
    const { container } = await bench.create(await bench.open(), { security: securityProfile('high') })
    await docker('rm', '--force', '--volumes', container.id)
    const later = await bench.open()
    await later.backend.remove(container.id)
    expect(await bench.residue(later)).toEqual(nothing)
  })

  it('two that remove the same one both succeed', async () => {
    const [first, second] = [await bench.open(), await bench.open()]
    const { container, spec } = await bench.create(first)
    const ids = [container.id, spec.name, container.id]
    await Promise.all(ids.map((id, index) => (index === 2 ? second : first).backend.remove(id)))
    expect(await bench.residue(first)).toEqual(nothing)
  })

  it.each(['', '.', '..', '../../images/x', 'a/../b'])('to remove %j harms nobody', async (id) => {
    const server = await bench.open()
    const sandbox = await bench.createHealthy(server, { security: securityProfile('high') })
    await server.backend.remove(id)
    expect(await server.backend.inspect(id)).toBeUndefined()
    await expect(server.backend.stop(id)).rejects.toMatchObject({ code: 'sandbox_not_found' })
    expect((await bench.shell(sandbox, 'echo well')).stdout.trim()).toBe('well')
  })

  it('the beginning of an id means nobody', async () => {
    const server = await bench.open()
    const { container } = await bench.create(server)
    expect(await server.backend.inspect(container.id.slice(0, 12))).toBeUndefined()
    await server.backend.remove(container.id.slice(0, 12))
    expect(await bench.containers()).toEqual([container.id])
  })

  it('is not found by any call', async () => {
    const { backend } = await bench.open()
    const id = '0'.repeat(64)
    const notFound = { code: 'sandbox_not_found' }
    await expect(backend.start(id)).rejects.toMatchObject(notFound)
    await expect(backend.stop(id)).rejects.toMatchObject(notFound)
    await expect(backend.pause!(id)).rejects.toMatchObject(notFound)
    await expect(backend.resume!(id)).rejects.toMatchObject(notFound)
    await expect(backend.logs!(id)).rejects.toMatchObject(notFound)
  })
})
