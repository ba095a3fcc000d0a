import { describe, expect, it } from 'vitest'
import plugin, { dockerBackend, gvisorBackend } from './index.ts'

const parse = (settings: Record<string, string>) => dockerBackend.configSchema.safeParse(settings)
const problem = (settings: Record<string, string>) => parse(settings).error?.issues[0]

it('has a default for everything', () => {
  expect(parse({}).data).toEqual({
    PORT_RANGE: [49_152, 59_152],
    DOCKER_BIND_HOST: '127.0.0.1',
    DOCKER_SOCKET_DIR: '/var/lib/runtime-sandbox/sockets',
    DOCKER_PULL: 'missing',
  })
})

it('describes every setting', () => {
  for (const [name, schema] of Object.entries(dockerBackend.configSchema.shape)) {
    expect((schema as { description?: string }).description, name).toBeTruthy()
  }
})

it('is two engines with the same settings', () => {
  expect([plugin.name, dockerBackend.name, gvisorBackend.name]).toEqual(['docker', 'docker', 'gvisor'])
  expect(gvisorBackend.configSchema).toBe(dockerBackend.configSchema)
})

describe('PORT_RANGE', () => {
  it('is read as JSON', () => {
    expect(parse({ PORT_RANGE: '[43000, 43010]' }).data).toMatchObject({ PORT_RANGE: [43_000, 43_010] })
  })

  it.each([
    '43000-43010',
    '43000,43010',
    '[43010,43000]',
    '[43000,43000]',
    '[0,5]',
    '[1,2,3]',
    '[1,70000]',
    '["a","b"]',
  ])('is refused as %s', (PORT_RANGE) => {
    expect(problem({ PORT_RANGE })).toMatchObject({
      path: ['PORT_RANGE'],
      message: expect.stringContaining('port range'),
    })
  })
})

it.each(['host', 'container:abc', 'ns:/x', ' host '])('refuses DOCKER_NETWORK=%s', (DOCKER_NETWORK) => {
  expect(problem({ DOCKER_NETWORK })).toMatchObject({ path: ['DOCKER_NETWORK'] })
})

it('takes other networks, and a blank for none set', () => {
  expect(parse({ DOCKER_NETWORK: 'mine' }).data).toMatchObject({ DOCKER_NETWORK: 'mine' })
  expect(parse({ DOCKER_NETWORK: 'none' }).data).toMatchObject({ DOCKER_NETWORK: 'none' })
  expect(parse({ DOCKER_NETWORK: ' ' }).success).toBe(true)
})

it.each([
  { DOCKER_BIND_HOST: 'localhost' },
  { DOCKER_BIND_HOST: '' },
  { DOCKER_BIND_HOST: '127.0.0.1:80' },
  { DOCKER_PULL: 'sometimes' },
  { DOCKER_SOCKET_DIR: 'relative' },
])('refuses %j', (settings) => {
  expect(problem(settings)).toMatchObject({ path: Object.keys(settings) })
})

it('takes any address to publish on', () => {
  for (const DOCKER_BIND_HOST of ['0.0.0.0', '::', '10.1.2.3', '::1'])
    expect(parse({ DOCKER_BIND_HOST }).data).toMatchObject({ DOCKER_BIND_HOST })
})
