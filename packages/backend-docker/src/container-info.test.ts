import type Docker from 'dockerode'
import { describe, expect, it } from 'vitest'
import { containerInfo, urlOf } from './container-info.ts'

type Given = { status?: string; bindings?: unknown; mounts?: object[]; env?: string[] | null; labels?: object | null }

function inspected({ status = 'running', bindings = {}, mounts = [], env = [], labels = {} }: Given = {}) {
  return {
    Id: 'id-1',
    Name: '/box',
    Image: 'sha256:abc',
    Created: '2026-01-02T03:04:05.678901234Z',
    State: { Status: status },
    Config: { Labels: labels, Env: env },
    HostConfig: { PortBindings: bindings },
    Mounts: mounts,
  } as unknown as Docker.ContainerInspectInfo
}

const bindings = { '80/tcp': [{ HostIp: '127.0.0.1', HostPort: '43001' }] }

it('tells a container in our words', () => {
  const mounts = [
    { Type: 'bind', Source: '/srv/a', Destination: '/workspace', RW: true },
    { Type: 'bind', Source: '/srv/b', Destination: '/data', RW: false },
    { Type: 'volume', Source: '/var/lib/docker/volumes/x', Destination: '/cache', RW: true },
  ]
  const env = ['SECRET_TOKEN=a=b', 'EMPTY=', 'BARE']
  expect(containerInfo(inspected({ bindings, mounts, env, labels: { colour: 'red' } }), 'engine')).toEqual({
    id: 'id-1',
    name: 'box',
    imageId: 'sha256:abc',
    url: 'http://engine:43001',
    ports: [43001],
    labels: { colour: 'red' },
    environment: { SECRET_TOKEN: 'a=b', EMPTY: '', BARE: '' },
    status: 'running',
    createdAt: Date.UTC(2026, 0, 2, 3, 4, 5, 678),
    mounts: [
      { source: '/srv/a', target: '/workspace', readOnly: false },
      { source: '/srv/b', target: '/data', readOnly: true },
    ],
  })
})

it('reads the socket off the mount of its directory, which is no mount of the sandbox', () => {
  const mounts = [{ Type: 'bind', Source: '/srv/sockets/box', Destination: '/run/runtime-sandbox', RW: true }]
  expect(containerInfo(inspected({ mounts }), 'engine')).toMatchObject({
    url: 'unix:/srv/sockets/box/runtime.sock',
    ports: [],
    mounts: [],
  })
})

it.each([null, {}, { '80/tcp': null }, { '80/tcp': [] }, { '80/tcp': [{ HostPort: '' }] }])(
  'tells no url where no port is published: %j',
  (given) => {
    expect(containerInfo(inspected({ bindings: given }), 'engine')).toMatchObject({ url: '', ports: [] })
  },
)

describe('status', () => {
  it.each([
    ['created', 'created'],
    ['configured', 'created'],
    ['running', 'running'],
    ['restarting', 'running'],
    ['paused', 'paused'],
    ['exited', 'exited'],
    ['stopped', 'exited'],
    ['removing', 'exited'],
    ['dead', 'exited'],
    ['dreaming', 'unknown'],
  ])('%s is %s', (given, expected) => {
    expect(containerInfo(inspected({ status: given }), 'engine').status).toBe(expected)
  })
})

it('takes what an engine leaves out for empty', () => {
  const bare = inspected({ env: null, labels: null })
  expect(containerInfo({ ...bare, Mounts: undefined } as never, 'engine')).toMatchObject({
    labels: {},
    environment: {},
    mounts: [],
  })
})

it('puts an IPv6 address in brackets', () => {
  expect(urlOf('::1', 5)).toBe('http://[::1]:5')
  expect(urlOf('127.0.0.1', 5)).toBe('http://127.0.0.1:5')
})
