import { securityProfile, type SecurityLevel } from '@runtime-sandbox/core'
import { describe, expect, it } from 'vitest'
import { containerSpec, engineFeatures } from '../container-spec.fixture.ts'
import { networkWay, type NetworkWayOptions } from './network-way.ts'

function way(level: SecurityLevel, options: Partial<NetworkWayOptions> = {}, network?: boolean) {
  return networkWay(containerSpec({ security: securityProfile(level, { network }) }), {
    config: {},
    features: engineFeatures(),
    network: undefined,
    runtime: undefined,
    onThisMachine: true,
    ...options,
  })
}

const refusal = expect.objectContaining({ code: 'not_supported' }) as Error

it('publishes a port where there may be a network', () => {
  expect(way('low')).toEqual({ kind: 'port', network: undefined })
  expect(way('medium')).toEqual({ kind: 'port', network: undefined })
  expect(way('high', {}, true)).toEqual({ kind: 'port', network: undefined })
})

it('uses the network of the type, else that of the server', () => {
  expect(way('medium', { network: 'server' })).toEqual({ kind: 'port', network: 'server' })
  expect(way('medium', { network: 'server', config: { network: 'type' } })).toEqual({ kind: 'port', network: 'type' })
})

it('uses a socket where there is to be none', () => {
  expect(way('high')).toEqual({ kind: 'socket' })
  expect(way('low', {}, false)).toEqual({ kind: 'socket' })
  expect(way('high', { network: 'server' })).toEqual({ kind: 'socket' })
  expect(way('medium', { network: 'none' })).toEqual({ kind: 'socket' })
  expect(way('medium', { config: { network: 'none' } })).toEqual({ kind: 'socket' })
})

describe('refuses', () => {
  it.each(['host', 'container:abc', 'ns:/proc/1/ns/net'])('network %s at any level', (network) => {
    for (const level of ['low', 'medium', 'high'] as const) {
      expect(() => way(level, { network })).toThrow(refusal)
      expect(() => way(level, { config: { network } })).toThrow(refusal)
    }
  })

  it('a network and none at once', () => {
    expect(() => way('high', { config: { network: 'mine' } })).toThrow('it is to have none')
    expect(() => way('medium', { network: 'none' }, true)).toThrow('needs a network')
  })

  it('what could not be reached: an engine elsewhere', () => {
    expect(() => way('high', { onThisMachine: false })).toThrow('must be on this machine')
  })

  it.each([
    ['runsc', []],
    ['runsc', ['--host-uds=open']],
    ['kata', []],
    ['io.containerd.kata.v2', []],
  ])('what could not be reached: %s %j', (name, runtimeArguments) => {
    const runtimes = new Map([[name, runtimeArguments]])
    expect(() => way('high', { runtime: name, features: engineFeatures({ runtimes }) })).toThrow(refusal)
    expect(() => way('high', { features: engineFeatures({ runtimes, defaultRuntime: name }) })).toThrow(refusal)
  })
})

it.each([[['--host-uds=create']], [['-host-uds=all']], [['--platform=kvm', '--host-uds', 'create']]])(
  'reaches runsc %j over a socket',
  (runtimeArguments) => {
    const features = engineFeatures({ runtimes: new Map([['runsc', runtimeArguments]]) })
    expect(way('high', { runtime: 'runsc', features })).toEqual({ kind: 'socket' })
  },
)
