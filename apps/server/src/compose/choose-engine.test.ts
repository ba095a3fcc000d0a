import {
  defineBackend,
  SandboxError,
  silentLogger,
  systemClock,
  type BackendContext,
  type ContainerBackend,
} from '@runtime-sandbox/core'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { exitCodes } from '../exit-codes.ts'
import { chooseEngine } from './choose-engine.ts'

const context: BackendContext = {
  logger: silentLogger,
  clock: systemClock,
  deployment: 'x-',
  ports: {
    leasePort: async () => undefined,
    holdPort: async () => false,
    freePorts: async () => {},
  },
}

/** An engine of which only what the choice asks for is there. */
function engine(name: string, behaviour: Partial<ContainerBackend> & { createFails?: boolean } = {}) {
  const seen = { closed: 0 }
  const backend = {
    ping: async () => {},
    close: async () => void seen.closed++,
    ...behaviour,
  } as ContainerBackend
  const create = () => {
    if (behaviour.createFails) throw new SandboxError('engine_unavailable', `${name} is not installed`)
    return backend
  }
  return {
    seen,
    backend,
    configured: { definition: defineBackend({ name, configSchema: z.object({}), create }), config: {} },
  }
}

const refuse = (message: string) => async () => {
  throw new SandboxError('engine_unavailable', message)
}

describe('choosing an engine', () => {
  it('takes the first that answers, and leaves the others alone', async () => {
    const [docker, local] = [engine('docker'), engine('local', { createFails: true })]
    const choice = await chooseEngine({ engines: [docker.configured, local.configured], context })
    expect(choice).toEqual({ backend: docker.backend, name: 'docker', reason: 'docker answers' })
    expect(docker.seen.closed).toBe(0)
  })

  it('goes on to the next, closes what it does not take and says why', async () => {
    const [docker, local] = [engine('docker', { ping: refuse('no socket') }), engine('local')]
    const choice = await chooseEngine({ engines: [docker.configured, local.configured], context })
    expect(choice).toMatchObject({ name: 'local', reason: 'local is used, because of docker: no socket' })
    expect(docker.seen.closed).toBe(1)
  })

  it('does not wait for an engine that never answers', async () => {
    const silent = engine('docker', { ping: () => new Promise(() => {}) })
    const local = engine('local')
    const engines = [silent.configured, local.configured]
    const choice = await chooseEngine({ engines, context, answerTimeoutMs: 20 })
    expect(choice).toMatchObject({ name: 'local', reason: 'local is used, because of docker: no answer within 0.02 s' })
    expect(silent.seen.closed).toBe(1)
  })

  it('passes over an engine that cannot get the image that is asked for', async () => {
    const asked: string[] = []
    const resolveImage = async (image: string) => {
      asked.push(image)
      throw new SandboxError('image_unavailable', `no image ${image}`)
    }
    const [docker, local] = [engine('docker', { resolveImage }), engine('local')]
    const engines = [docker.configured, local.configured]
    expect((await chooseEngine({ engines, context, requireImage: 'a/b:c' })).name).toBe('local')
    expect(asked).toEqual(['a/b:c'])
    expect((await chooseEngine({ engines, context })).name).toBe('docker')
  })

  it('tells the reason of each when none works', async () => {
    const engines = [engine('docker', { ping: refuse('no socket') }), engine('local', { createFails: true })]
    const choice = chooseEngine({ engines: engines.map(({ configured }) => configured), context })
    await expect(choice).rejects.toMatchObject({
      exitCode: exitCodes.unavailable,
      problems: ['CONTAINER_DEPLOYMENT: no engine works: docker: no socket; local: local is not installed'],
    })
  })

  it('never looks for another one than the one that was named', async () => {
    const only = engine('docker', { ping: refuse('no socket'), close: refuse('and cannot close') })
    await expect(chooseEngine({ engines: [only.configured], context })).rejects.toMatchObject({
      problems: ['CONTAINER_DEPLOYMENT: the engine does not work: docker: no socket'],
    })
  })
})
