import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import { buildImageUri, imageNamingFrom, securityProfile, silentLogger, systemClock } from '@runtime-sandbox/core'
import { createMemoryState } from '@runtime-sandbox/state-memory'
import { backendConformance } from '@runtime-sandbox/testkit'
import { createDockerBackend } from './create-docker-backend.ts'
import { dockerProblem, testImage } from './docker-engine.fixture.ts'

const run = promisify(execFile)

backendConformance('docker', {
  engine: 'docker',
  unavailable: await dockerProblem(),
  async open() {
    const socketDirectory = await mkdtemp(path.join(os.tmpdir(), 'docker-sockets-'))
    const state = createMemoryState({ clock: systemClock })
    const deployment = `conformance-${randomBytes(4).toString('hex')}-`
    const portRange = [42_000, 42_400] as const
    const backend = await createDockerBackend(
      { endpoint: process.env, portRange, bindHost: '127.0.0.1', socketDirectory, pull: 'missing' },
      { logger: silentLogger, clock: systemClock, ports: state, deployment },
    )
    return {
      backend,
      async dispose() {
        await backend.close()
        await rm(socketDirectory, { recursive: true, force: true })
      },
      async residue() {
        const free: number[] = []
        for (;;) {
          const port = await state.leasePort(portRange, 'probe', new Set(free))
          if (port === undefined) break
          free.push(port)
        }
        await state.freePorts('probe')
        const leased = portRange[1] - portRange[0] - free.length
        return [...(leased > 0 ? [`${leased} leased ports`] : []), ...(await readdir(socketDirectory))]
      },
    }
  },
  spec: (overrides = {}) => ({
    name: '',
    sandboxType: 'base',
    image: testImage,
    labels: {},
    environment: { SECRET_TOKEN: randomBytes(16).toString('hex') },
    mounts: [],
    limits: {},
    security: securityProfile('medium'),
    port: 80,
    runtimeConfig: {},
    ...overrides,
  }),
  supports: {
    abilities: ['resolveImage', 'logs', 'pause', 'watch'],
    shell: true,
    images: {
      missing: buildImageUri('runtime-sandbox-no-such-image', { ...imageNamingFrom({}), registry: '127.0.0.1:1' }),
    },
    mounts: true,
    limits: { memory: 'enforced', cpus: 'enforced', pids: 'enforced', shm: 'enforced' },
    highSecurity: true,
    kill: async (_, { id }) => void (await run('docker', ['kill', id])),
  },
})
