import { randomBytes } from 'node:crypto'
import { engineSuite } from '@runtime-sandbox/testkit'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { DockerBench, docker, nothing } from './docker-bench.fixture.ts'
import { dockerProblem } from './docker-engine.fixture.ts'
import { ImageRegistry } from './image-registry.fixture.ts'

const { skip } = engineSuite('docker', await dockerProblem())
const registryPort = 24_599

describe.skipIf(skip)('images on a Docker engine', () => {
  const bench = new DockerBench([24_500, 24_510])
  const repository = `127.0.0.1:${registryPort}/docker-test-${randomBytes(4).toString('hex')}`
  const image = `${repository}:latest`
  let registry: ImageRegistry

  beforeEach(async () => {
    registry = new ImageRegistry()
    await registry.listen(registryPort)
  })
  afterEach(async () => {
    await registry.close()
    const ids = await docker('images', '-q', '--no-trunc', repository)
    for (const id of new Set(ids.split('\n').filter((line) => line !== ''))) await docker('rmi', '--force', id)
  })

  it('is pulled once for all who ask at once, and then not again', async () => {
    registry.push('latest', 'one')
    const { backend } = await bench.open()
    const ids = await Promise.all([1, 2, 3].map(() => backend.resolveImage!(image)))
    expect(new Set(ids).size).toBe(1)
    expect(ids[0]).toMatch(/^sha256:[0-9a-f]{64}$/)
    expect(await backend.resolveImage!(image)).toBe(ids[0])
    expect(registry.pulls).toBe(1)
  })

  it('without a tag is the latest, and no other', async () => {
    registry.push('latest', 'one')
    registry.push('other', 'two')
    const { backend } = await bench.open()
    await backend.resolveImage!(repository)
    expect(await docker('images', '--format', '{{.Tag}}', repository)).toBe('latest')
  })

  it('is followed where its tag goes when it is always pulled', async () => {
    const always = await bench.open({ pull: 'always' })
    const missing = await bench.open({ pull: 'missing' })
    registry.push('latest', 'one')
    const first = await always.backend.resolveImage!(image)
    registry.push('latest', 'two')
    expect(await missing.backend.resolveImage!(image)).toBe(first)
    const second = await always.backend.resolveImage!(image)
    expect(second).not.toBe(first)
    expect(await missing.backend.resolveImage!(image)).toBe(second)
  })

  it('is not pulled when it never may be, and nothing is made', async () => {
    registry.push('latest', 'one')
    const server = await bench.open({ pull: 'never' })
    const refusal = { code: 'image_unavailable', message: expect.stringContaining('DOCKER_PULL is never') as string }
    await expect(server.backend.resolveImage!(image)).rejects.toMatchObject(refusal)
    await expect(bench.create(server, { image })).rejects.toMatchObject(refusal)
    expect(registry.pulls).toBe(0)
    expect(await bench.residue(server)).toEqual(nothing)
  })

  it('that cannot be had says why', async () => {
    const { backend } = await bench.open()
    for (const wrong of [`${repository}:no-such-tag`, 'NOT AN IMAGE', 'a//b', 'a/../b', 'UPPER', '']) {
      await expect(backend.resolveImage!(wrong), wrong).rejects.toMatchObject({ code: 'image_unavailable' })
    }
  })

  it('is still pulled for the others when one gives up', async () => {
    registry.push('latest', 'one')
    const letGo = registry.hold()
    const { backend } = await bench.open()
    const abort = new AbortController()
    const impatient = backend.resolveImage!(image, { signal: abort.signal })
    const patient = backend.resolveImage!(image)
    await expect.poll(() => registry.pulls, { timeout: 10_000 }).toBe(1)
    const reason = new Error('given up')
    abort.abort(reason)
    await expect(impatient).rejects.toBe(reason)
    letGo()
    expect(await patient).toMatch(/^sha256:/)
    expect(registry.pulls).toBe(1)
  })
})
