import { mkdtemp, rm } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import type { ContainerBackend, ContainerEvent } from '@runtime-sandbox/core'
import { engineSuite } from '@runtime-sandbox/testkit'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { DockerBench, docker, nothing } from './docker-bench.fixture.ts'
import { dockerProblem, testImage } from './docker-engine.fixture.ts'
import { EngineRelay } from './engine-relay.fixture.ts'

const { skip } = engineSuite('docker', await dockerProblem())
const unavailable = { code: 'engine_unavailable' }
/** A call may not take longer to find out that nobody is there, in milliseconds. */
const quickMs = 2000

describe.skipIf(skip)('a Docker engine that goes away', () => {
  const bench = new DockerBench([24_400, 24_410])
  let directory: string
  let relay: EngineRelay

  beforeEach(async () => {
    directory = await mkdtemp(path.join(os.tmpdir(), 'docker-relay-'))
    relay = new EngineRelay(path.join(directory, 'docker.sock'))
    await relay.open()
  })
  afterEach(async () => {
    await relay.close()
    await rm(directory, { recursive: true, force: true })
  })

  const open = () => bench.open({ endpoint: { DOCKER_HOST: `unix://${relay.socketPath}` } })

  const calls = (backend: ContainerBackend, id: string): Record<string, () => Promise<unknown>> => ({
    create: () => backend.create(bench.spec()),
    start: () => backend.start(id),
    stop: () => backend.stop(id),
    remove: () => backend.remove(id),
    inspect: () => backend.inspect(id),
    list: async () => {
      for await (const _ of backend.list(bench.labels)) break
    },
    ping: () => backend.ping(),
    resolveImage: () => backend.resolveImage!(testImage),
    logs: () => backend.logs!(id),
    pause: () => backend.pause!(id),
    resume: () => backend.resume!(id),
  })

  it('is told quickly by every call, leaves nothing, and is used again when it is back', async () => {
    const server = await open()
    const { backend } = server
    const sandbox = await bench.createHealthy(server)
    await relay.close()
    for (const [name, call] of Object.entries(calls(backend, sandbox.container.id))) {
      const startedAt = performance.now()
      await expect(call(), name).rejects.toMatchObject(unavailable)
      expect(performance.now() - startedAt, name).toBeLessThan(quickMs)
    }
    expect(await bench.residue(server)).toEqual({ ...nothing, containers: [sandbox.container.id], ports: [24_400] })
    await relay.open()
    await backend.ping()
    expect((await bench.shell(sandbox, 'echo well')).stdout.trim()).toBe('well')
    await bench.createHealthy(server)
    await backend.remove(sandbox.container.id)
    expect(await bench.containers()).toHaveLength(1)
  })

  it('in the midst of creations leaves no port, and what it made is removed once it is back', async () => {
    const server = await open()
    await server.backend.resolveImage!(testImage)
    const creations = Promise.allSettled(Array.from({ length: 3 }, () => bench.create(server)))
    await expect.poll(() => bench.containers(), { interval: 5, timeout: 10_000 }).not.toEqual([])
    await relay.close()
    const outcomes = await creations
    const lost = outcomes.filter((outcome) => outcome.status === 'rejected')
    for (const { reason } of lost) expect(reason).toMatchObject(unavailable)
    const made = outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value.container] : []))
    expect(await bench.leasedPorts(server)).toHaveLength(made.length)
    await relay.open()
    for (const { id } of await bench.list(server)) await server.backend.remove(id)
    expect(await bench.residue(server)).toEqual(nothing)
  })

  it('and does not answer: the caller’s signal ends the call', async () => {
    const { backend } = await open()
    const { container } = await bench.create(await bench.open())
    relay.forwards = false
    const reason = new Error('given up')
    for (const call of [
      (signal: AbortSignal) => backend.inspect(container.id, { signal }),
      (signal: AbortSignal) => backend.stop(container.id, { signal }),
      (signal: AbortSignal) => backend.ping({ signal }),
      (signal: AbortSignal) => backend.logs!(container.id, { signal }),
    ]) {
      const abort = new AbortController()
      const outcome = call(abort.signal)
      abort.abort(reason)
      await expect(outcome).rejects.toBe(reason)
    }
  })

  it('and does not answer a ping: that is told in seconds', { timeout: 10_000 }, async () => {
    const { backend } = await open()
    relay.forwards = false
    await expect(backend.ping()).rejects.toMatchObject({
      ...unavailable,
      message: expect.stringContaining('no answer in time') as string,
    })
  })

  it('is watched again when it is back, and what ended meanwhile is told', { timeout: 60_000 }, async () => {
    const server = await open()
    const abort = new AbortController()
    const ends: ContainerEvent[] = []
    const watching = (async () => {
      for await (const event of server.backend.watch!(bench.labels, { signal: abort.signal })) ends.push(event)
    })()
    const toldOf = (id: string) =>
      expect.poll(() => ends.find((end) => end.id === id && end.kind === 'exited'), { timeout: 15_000 }).toBeDefined()
    const sandboxes = [await bench.create(server), await bench.create(server), await bench.create(server)] as const
    const [before, meanwhile, after] = sandboxes.map(({ container }) => container.id) as [string, string, string]
    await docker('kill', before)
    await toldOf(before)
    await relay.close()
    await docker('kill', meanwhile)
    await relay.open()
    await toldOf(meanwhile)
    await docker('kill', after)
    await toldOf(after)
    expect(ends.find(({ id }) => id === after)).toEqual({
      name: sandboxes[2].spec.name,
      id: after,
      kind: 'exited',
      reason: 'exit code 137',
    })
    abort.abort()
    await watching
  })

  it('is told by a backend that was closed twice as well', async () => {
    const { backend } = await open()
    await backend.ping()
    await backend.close()
    await backend.close()
    await relay.close()
    await expect(backend.ping()).rejects.toMatchObject(unavailable)
  })
})
