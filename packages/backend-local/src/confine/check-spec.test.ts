import { securityProfile, type ContainerSpec } from '@runtime-sandbox/core'
import { describe, expect, it } from 'vitest'
import { testSpec } from '../local-engine.fixture.ts'
import { checkImage, checkSpec } from './check-spec.ts'

const check =
  (overrides: Partial<ContainerSpec>, hostNetwork = false) =>
  () =>
    checkSpec(testSpec(overrides), { hostNetwork })
const notSupported = (text: string) =>
  expect.objectContaining({ code: 'not_supported', message: expect.stringContaining(text) })

describe('checkImage', () => {
  it.each([
    'runtime-sandbox-base',
    'agentscope/runtime-sandbox-base:latest',
    'registry.example:5000/team/runtime-sandbox-base:1.2',
    'agentscope/runtime-sandbox-base@sha256:0123',
    'localhost:5000/runtime-sandbox-base:v1@sha256:0123',
  ])('takes %s', (image) => {
    expect(() => checkImage(image)).not.toThrow()
  })

  it.each([
    'agentscope/runtime-sandbox-gui:latest',
    'python:3.12',
    'runtime-sandbox-base/other',
    'x-runtime-sandbox-base',
    '',
  ])('refuses %j', (image) => {
    expect(() => checkImage(image)).toThrow(notSupported('needs a container engine'))
  })
})

describe('checkSpec', () => {
  it('names the type whose image it has not', () => {
    expect(check({ image: 'agentscope/runtime-sandbox-gui:latest', sandboxType: 'gui' })).toThrow(
      notSupported('type gui'),
    )
  })

  it('knows no engine options', () => {
    expect(check({ runtimeConfig: { privileged: true, shm_size: '1g' } })).toThrow(notSupported('privileged, shm_size'))
  })

  it('has a network only where the operator said so', () => {
    const security = securityProfile('medium', { network: true })
    expect(check({ security })).toThrow(notSupported('LOCAL_NETWORK'))
    expect(check({ security }, true)).not.toThrow()
    expect(check({ security: securityProfile('high') }, true)).not.toThrow()
  })

  it('makes no sandbox without a token', () => {
    expect(check({ environment: {} })).toThrow(expect.objectContaining({ code: 'invalid_argument' }))
  })
})
