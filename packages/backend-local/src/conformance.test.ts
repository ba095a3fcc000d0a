import { backendConformance } from '@runtime-sandbox/testkit'
import { findCgroups } from './cgroups/find-cgroups.ts'
import { killFromOutside, localUnavailable, openLocalEngine, testSpec } from './local-engine.fixture.ts'

const controllers = new Set(findCgroups().flatMap((hierarchy) => hierarchy.controllers))
const root = process.getuid?.() === 0

backendConformance('local', {
  engine: 'local',
  unavailable: await localUnavailable(),
  open: openLocalEngine,
  spec: testSpec,
  supports: {
    abilities: ['resolveImage', 'logs', 'watch'],
    shell: true,
    mounts: true,
    highSecurity: true,
    kill: (_, info) => killFromOutside(info),
    limits: {
      memory: controllers.has('memory') ? 'enforced' : 'refused',
      cpus: controllers.has('cpu') ? 'enforced' : 'refused',
      pids: controllers.has('pids') || root ? 'enforced' : 'refused',
      shm: 'enforced',
    },
  },
})
