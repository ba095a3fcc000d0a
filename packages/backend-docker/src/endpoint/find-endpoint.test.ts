import { createHash } from 'node:crypto'
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:net'
import os from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { itWhere } from '@runtime-sandbox/testkit'
import { findEndpoint, knownSockets } from './find-endpoint.ts'

let home: string
const listeners: Server[] = []

beforeEach(async () => {
  home = await mkdtemp(path.join(os.tmpdir(), 'docker-endpoint-'))
})
afterEach(async () => {
  await Promise.all(listeners.splice(0).map((server) => new Promise((resolve) => server.close(resolve))))
  await rm(home, { recursive: true, force: true })
})

async function listenAt(name: string): Promise<string> {
  const file = path.join(home, name)
  await mkdir(path.dirname(file), { recursive: true })
  const server = createServer()
  listeners.push(server)
  await new Promise<void>((resolve) => server.listen(file, resolve))
  return file
}

async function writeContext(name: string, meta: unknown, tls: Record<string, string> = {}): Promise<void> {
  const contexts = path.join(home, '.docker', 'contexts')
  const id = createHash('sha256').update(name).digest('hex')
  await mkdir(path.join(contexts, 'meta', id), { recursive: true })
  await writeFile(path.join(contexts, 'meta', id, 'meta.json'), JSON.stringify(meta))
  await mkdir(path.join(contexts, 'tls', id, 'docker'), { recursive: true })
  for (const [file, text] of Object.entries(tls)) await writeFile(path.join(contexts, 'tls', id, 'docker', file), text)
}

async function writeConfig(text: string): Promise<void> {
  await mkdir(path.join(home, '.docker'), { recursive: true })
  await writeFile(path.join(home, '.docker', 'config.json'), text)
}

const metaOf = (Host: string, more = {}) => ({ Name: 'x', Endpoints: { docker: { Host, ...more } } })
const refusal = (code: string, message: RegExp) => ({
  code,
  message: expect.stringMatching(message) as string,
})

describe('DOCKER_HOST', () => {
  it('goes before everything else', async () => {
    await writeContext('far', metaOf('tcp://far:1'))
    const found = await findEndpoint({ HOME: home, DOCKER_HOST: 'tcp://near:2', DOCKER_CONTEXT: 'far' })
    expect(found).toEqual({
      endpoint: { kind: 'tcp', host: 'near', port: 2, tls: undefined },
      source: 'DOCKER_HOST',
    })
  })

  it('is taken although nothing answers there', async () => {
    const { endpoint } = await findEndpoint({ DOCKER_HOST: 'unix:///no/such/socket' })
    expect(endpoint).toEqual({ kind: 'unix', socketPath: '/no/such/socket' })
  })

  it('is spoken to with the TLS material of DOCKER_CERT_PATH, and only when DOCKER_TLS_VERIFY is set', async () => {
    for (const name of ['ca', 'cert', 'key']) await writeFile(path.join(home, `${name}.pem`), name)
    const settings = { DOCKER_HOST: 'tcp://far', DOCKER_CERT_PATH: home }
    const { endpoint } = await findEndpoint({ ...settings, DOCKER_TLS_VERIFY: '1' })
    expect(endpoint).toEqual({ kind: 'tcp', host: 'far', port: 2376, tls: { ca: 'ca', cert: 'cert', key: 'key' } })
    expect((await findEndpoint(settings)).endpoint).toMatchObject({ port: 2375, tls: undefined })
  })

  it('is spoken to with the TLS material of the configuration, else with the authorities of the system', async () => {
    const settings = { HOME: home, DOCKER_HOST: 'tcp://far', DOCKER_TLS_VERIFY: '1' }
    expect((await findEndpoint(settings)).endpoint).toMatchObject({ tls: {} })
    await writeConfig('{}')
    await writeFile(path.join(home, '.docker', 'ca.pem'), 'mine')
    expect((await findEndpoint(settings)).endpoint).toMatchObject({ tls: { ca: 'mine' } })
  })

  it('is refused when DOCKER_CERT_PATH has nothing', async () => {
    const settings = { DOCKER_HOST: 'tcp://far', DOCKER_TLS_VERIFY: '1', DOCKER_CERT_PATH: home }
    await expect(findEndpoint(settings)).rejects.toMatchObject(refusal('invalid_argument', /^DOCKER_CERT_PATH/))
  })
})

describe('a Docker context', () => {
  it('is read from meta.json, with its TLS material', async () => {
    await writeContext('far', metaOf('tcp://far:2376', { SkipTLSVerify: false }), { 'ca.pem': 'ca' })
    expect(await findEndpoint({ HOME: home, DOCKER_CONTEXT: 'far' })).toEqual({
      endpoint: { kind: 'tcp', host: 'far', port: 2376, tls: { ca: 'ca', cert: undefined, key: undefined } },
      source: 'Docker context far',
    })
  })

  it('is the one that config.json says, unless DOCKER_CONTEXT says another', async () => {
    await writeContext('rootless', metaOf('unix:///run/user/7/docker.sock'))
    await writeContext('other', metaOf('tcp://other:1'))
    await writeConfig('{ "auths": {}, "currentContext": "rootless" }')
    expect((await findEndpoint({ HOME: home })).endpoint).toEqual({
      kind: 'unix',
      socketPath: '/run/user/7/docker.sock',
    })
    expect((await findEndpoint({ HOME: home, DOCKER_CONTEXT: 'other' })).endpoint).toMatchObject({ host: 'other' })
  })

  it('is looked for in DOCKER_CONFIG', async () => {
    await writeContext('far', metaOf('tcp://far:1'))
    const settings = { HOME: '/nowhere', DOCKER_CONFIG: path.join(home, '.docker'), DOCKER_CONTEXT: 'far' }
    expect((await findEndpoint(settings)).endpoint).toMatchObject({ host: 'far' })
  })

  it.each([
    ['is not there', async () => {}],
    ['has no endpoint of Docker', () => writeContext('far', { Endpoints: {} })],
  ])('that %s is an error, not a reason to take another', async (_, prepare) => {
    await prepare()
    const socket = await listenAt('docker.sock')
    await expect(
      findEndpoint({ HOME: home, DOCKER_CONTEXT: 'far' }, [{ source: 'a socket', path: socket }]),
    ).rejects.toMatchObject(refusal('invalid_argument', /no Docker context named far/))
    await expect(findEndpoint({ DOCKER_CONTEXT: 'far' })).rejects.toMatchObject(refusal('invalid_argument', /HOME/))
  })

  it('without verification is refused', async () => {
    await writeContext('far', metaOf('tcp://far:1', { SkipTLSVerify: true }))
    await expect(findEndpoint({ HOME: home, DOCKER_CONTEXT: 'far' })).rejects.toMatchObject(
      refusal('not_supported', /verification/),
    )
  })

  it.each(['{}', '{ "currentContext": "default" }', '{ "currentContext": "" }', 'not JSON'])(
    'is not chosen by %s',
    async (config) => {
      await writeConfig(config)
      const socket = await listenAt('docker.sock')
      const found = await findEndpoint({ HOME: home }, [{ source: 'a socket', path: socket }])
      expect(found.source).toBe('a socket')
    },
  )
})

describe('sockets', () => {
  it('are looked for in this order', () => {
    const paths = knownSockets({ HOME: '/home/me', XDG_RUNTIME_DIR: '/run/user/7' }).map((socket) => socket.path)
    expect(paths).toEqual([
      '/var/run/docker.sock',
      '/run/user/7/docker.sock',
      '/home/me/.docker/run/docker.sock',
      '/run/user/7/podman/podman.sock',
      '/run/podman/podman.sock',
    ])
  })

  it('are not looked for in directories that nobody named', () => {
    expect(knownSockets({}).map((socket) => socket.path)).toEqual([
      '/var/run/docker.sock',
      undefined,
      undefined,
      undefined,
      '/run/podman/podman.sock',
    ])
  })

  it('are passed over when they are none: missing, a directory, a file', async () => {
    const [directory, file] = [path.join(home, 'directory'), path.join(home, 'file')]
    await mkdir(directory)
    await writeFile(file, '')
    const second = await listenAt('second.sock')
    const sockets = [path.join(home, 'missing'), directory, file, undefined, second, await listenAt('third.sock')]
    const found = await findEndpoint(
      {},
      sockets.map((candidate) => ({ source: `at ${candidate}`, path: candidate })),
    )
    expect(found).toEqual({ endpoint: { kind: 'unix', socketPath: second }, source: `at ${second}` })
  })

  // There is none that root may not use.
  itWhere(process.getuid?.() !== 0)('are passed over when this user may not use them', async () => {
    const closed = await listenAt('closed.sock')
    await chmod(closed, 0)
    // oxlint-disable-next-line vitest/no-standalone-expect -- itWhere declares a test
    await expect(findEndpoint({}, [{ source: 'closed', path: closed }])).rejects.toMatchObject(
      refusal('engine_unavailable', /this user may not use .*closed\.sock/),
    )
  })

  it('that are nowhere are an error', async () => {
    const sockets = [{ source: 'a socket', path: path.join(home, 'missing') }]
    await expect(findEndpoint({ HOME: home }, sockets)).rejects.toMatchObject(
      refusal('engine_unavailable', /no Docker engine/),
    )
  })
})
