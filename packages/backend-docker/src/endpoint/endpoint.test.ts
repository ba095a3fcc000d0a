import { expect, it } from 'vitest'
import { isOnThisMachine, showEndpoint, type Endpoint } from './endpoint.ts'

const tcp = (host: string): Endpoint => ({ kind: 'tcp', host, port: 1, tls: undefined })
const ssh: Endpoint = { kind: 'ssh', host: 'localhost', port: 22, username: 'me' }

it.each<[Endpoint, boolean]>([
  [{ kind: 'unix', socketPath: '/x' }, true],
  [tcp('localhost'), true],
  [tcp('127.0.0.1'), true],
  [tcp('127.9.9.9'), true],
  [tcp('::1'), true],
  [tcp('10.0.0.1'), false],
  [tcp('127.example.com'), false],
  [ssh, false],
])('%j is on this machine: %s', (endpoint, expected) => {
  expect(isOnThisMachine(endpoint)).toBe(expected)
})

it('is shown as people write it', () => {
  expect(showEndpoint({ kind: 'unix', socketPath: '/x' })).toBe('unix:///x')
  expect(showEndpoint(tcp('engine'))).toBe('tcp://engine:1')
  expect(showEndpoint(tcp('::1'))).toBe('tcp://[::1]:1')
  expect(showEndpoint(ssh)).toBe('ssh://localhost:22')
})
