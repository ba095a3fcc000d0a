import { silentLogger, systemClock } from '@runtime-sandbox/core'
import { createMemoryState } from '@runtime-sandbox/state-memory'
import { describe, expect, it } from 'vitest'
import { createDockerBackend, dialHost } from './create-docker-backend.ts'
import type { Endpoint } from './endpoint/endpoint.ts'

function create(DOCKER_HOST: string, bindHost: string, advertisedHost?: string) {
  const logged: object[] = []
  const logger = { ...silentLogger, info: (fields: object) => void logged.push(fields) }
  const backend = createDockerBackend(
    {
      endpoint: { DOCKER_HOST },
      portRange: [43_000, 43_001],
      bindHost,
      advertisedHost,
      socketDirectory: '/nowhere',
      pull: 'never',
    },
    { logger, clock: systemClock, ports: createMemoryState({ clock: systemClock }), deployment: 'test-' },
  )
  return { backend, logged }
}

describe('an engine on another machine', () => {
  it.each(['tcp://192.0.2.1:2375', 'ssh://me@192.0.2.1'])(
    '%s is refused where sandboxes would be published on its loopback',
    async (address) => {
      for (const bindHost of ['127.0.0.1', '::1', '127.0.0.7']) {
        await expect(create(address, bindHost).backend).rejects.toMatchObject({
          code: 'invalid_argument',
          message: expect.stringContaining('DOCKER_BIND_HOST') as string,
        })
      }
    },
  )

  it('is taken where they are published on an address of its own', async () => {
    const { backend, logged } = create('tcp://192.0.2.1:2375', '192.0.2.1')
    expect((await backend).name).toBe('docker')
    expect(logged).toEqual([
      { event: 'docker.endpoint', engine: 'docker', endpoint: 'tcp://192.0.2.1:2375', source: 'DOCKER_HOST' },
    ])
    await (await backend).close()
  })
})

const far: Endpoint = { kind: 'tcp', host: '192.0.2.1', port: 1, tls: undefined }
const tunnel: Endpoint = { kind: 'tcp', host: 'localhost', port: 1, tls: undefined }
const socket: Endpoint = { kind: 'unix', socketPath: '/x' }

it.each<[Endpoint, string, string]>([
  [socket, '127.0.0.1', '127.0.0.1'],
  [socket, '0.0.0.0', '127.0.0.1'],
  [socket, '::', '::1'],
  [socket, '10.0.0.5', '10.0.0.5'],
  [tunnel, '0.0.0.0', '127.0.0.1'],
  [far, '0.0.0.0', '192.0.2.1'],
  [far, '10.0.0.5', '192.0.2.1'],
])('%j with sandboxes on %s is dialled at %s', (endpoint, bindHost, expected) => {
  expect(dialHost(endpoint, bindHost)).toBe(expected)
})
