import { randomBytes } from 'node:crypto'
import { securityProfile, type ContainerSpec } from '@runtime-sandbox/core'
import type { EngineFeatures } from './create/engine-features.ts'
import { testImage } from './docker-engine.fixture.ts'

/** A spec whose runtime answers. */
export function containerSpec(overrides: Partial<ContainerSpec> = {}): ContainerSpec {
  return {
    name: `docker-test-${randomBytes(6).toString('hex')}`,
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
  }
}

/** An engine that can do what Docker on a server can. */
export function engineFeatures(overrides: Partial<EngineFeatures> = {}): EngineFeatures {
  return {
    cpus: 4,
    limitsMemory: true,
    limitsPids: true,
    limitsCpu: true,
    defaultRuntime: 'runc',
    runtimes: new Map([['runc', []]]),
    dataRoot: '/var/lib/docker',
    ...overrides,
  }
}
