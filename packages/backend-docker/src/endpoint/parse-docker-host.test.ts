import { describe, expect, it } from 'vitest'
import type { TlsMaterial } from './endpoint.ts'
import { parseDockerHost } from './parse-docker-host.ts'

const tls: TlsMaterial = { ca: 'ca', cert: 'cert', key: 'key' }

describe('parseDockerHost', () => {
  it.each([
    ['unix:///run/user/1000/docker.sock', '/run/user/1000/docker.sock'],
    ['unix://', '/var/run/docker.sock'],
  ])('%s is a socket', (address, socketPath) => {
    expect(parseDockerHost(address, undefined)).toEqual({ kind: 'unix', socketPath })
  })

  it.each([
    ['tcp://engine:1234', 'engine', 1234],
    ['tcp://engine', 'engine', 2375],
    ['tcp://engine/', 'engine', 2375],
    ['tcp://engine:80', 'engine', 80],
    ['http://engine:80', 'engine', 80],
    ['engine:1234', 'engine', 1234],
    ['10.0.0.7', '10.0.0.7', 2375],
    ['tcp://[::1]:2375', '::1', 2375],
  ])('%s is spoken to without TLS', (address, host, port) => {
    expect(parseDockerHost(address, undefined)).toEqual({ kind: 'tcp', host, port, tls: undefined })
  })

  it('takes the TLS material, and its port', () => {
    expect(parseDockerHost('tcp://engine', tls)).toEqual({ kind: 'tcp', host: 'engine', port: 2376, tls })
    expect(parseDockerHost('http://engine:9', tls)).toEqual({ kind: 'tcp', host: 'engine', port: 9, tls })
  })

  it('speaks TLS to https, with the authorities of the system', () => {
    expect(parseDockerHost('https://engine', undefined)).toEqual({ kind: 'tcp', host: 'engine', port: 2376, tls: {} })
  })

  it('takes a user and a port for SSH', () => {
    expect(parseDockerHost('ssh://me@engine:2222', undefined)).toEqual({
      kind: 'ssh',
      host: 'engine',
      port: 2222,
      username: 'me',
    })
    expect(parseDockerHost('ssh://engine', undefined)).toMatchObject({ port: 22, username: undefined })
  })

  it.each([
    '',
    'tcp://',
    'npipe:////./pipe/docker_engine',
    'fd://',
    'unix://relative.sock',
    'tcp://engine:99999',
    'tcp://engine:2375/prefix',
    'tcp://engine?x=1',
    'tcp://me@engine',
    'ssh://engine/run/docker.sock',
  ])('refuses %j', (address) => {
    expect(() => parseDockerHost(address, undefined)).toThrow(
      expect.objectContaining({ code: 'invalid_argument' }) as Error,
    )
  })

  it('does not tell a password', () => {
    for (const address of ['tcp://me:hunter2@engine', 'ssh://me:hunter2@engine', 'tcp://me:hunter2@en gine']) {
      let message = ''
      try {
        parseDockerHost(address, undefined)
      } catch (error) {
        message = (error as Error).message
      }
      expect(message).toContain('address of the Docker engine')
      expect(message).not.toContain('hunter2')
    }
  })
})
