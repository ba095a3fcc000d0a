import { randomBytes } from 'node:crypto'
import { securityProfile } from '@runtime-sandbox/core'
import { createFakeBackend, type FakeBackend } from '../fakes/fake-backend.ts'
import { backendConformance } from './backend-conformance.ts'

// The fake engine is held to the same contract as real ones; what needs a real kernel is left out.
for (const endpoint of ['tcp', 'unix'] as const) {
  backendConformance<FakeBackend>(`fake on ${endpoint}`, {
    engine: 'fake',
    unavailable: undefined,
    async open() {
      const backend = createFakeBackend({ endpoint })
      backend.setImageId('missing:latest', undefined)
      return { backend, dispose: () => backend[Symbol.asyncDispose]() }
    },
    spec: (overrides) => ({
      name: 'overridden',
      sandboxType: 'base',
      image: 'fake:latest',
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
      abilities: ['resolveImage', 'logs', 'watch'],
      images: { missing: 'missing:latest' },
      kill: (backend, { id }) => backend.exit(id),
    },
  })
}
