import { describe, expect, it } from 'vitest'
import { parseRuntimeConfig } from './runtime-config.ts'

describe('parseRuntimeConfig', () => {
  it('has defaults for everything but the token', () => {
    expect(parseRuntimeConfig({ SECRET_TOKEN: 't' })).toEqual({
      token: { value: 't' },
      listen: { host: '0.0.0.0', port: 80 },
      workspaceDirectory: '/workspace',
      defaultTimeoutMs: 58_000,
      python: 'python3',
      mcpConfigFiles: ['/opt/runtime-sandbox/mcp_server_configs.json', '/agentscope_runtime/mcp_server_configs.json'],
    })
  })

  it('prefers a descriptor for the token, and a socket to an address', () => {
    const environment = { SECRET_TOKEN: 't', SECRET_TOKEN_FD: '3', RUNTIME_SOCKET: '/run/s', RUNTIME_PORT: '81' }
    expect(parseRuntimeConfig(environment)).toMatchObject({ token: { descriptor: 3 }, listen: { socket: '/run/s' } })
  })

  it.each([
    ['0.5', 1_000],
    ['3', 1_000],
    ['90.5', 88_500],
  ])('leaves a margin of two seconds below NGINX_TIMEOUT=%s, and at least one', (seconds, limit) => {
    expect(parseRuntimeConfig({ SECRET_TOKEN: 't', NGINX_TIMEOUT: seconds }).defaultTimeoutMs).toBe(limit)
  })

  it.each([
    ['RUNTIME_PORT', '-1'],
    ['RUNTIME_PORT', '65536'],
    ['RUNTIME_PORT', ''],
    ['RUNTIME_HOST', ''],
    ['RUNTIME_SOCKET', 'relative'],
    ['RUNTIME_SOCKET', `/${'x'.repeat(108)}`],
    ['WORKSPACE_DIR', 'workspace'],
    ['NGINX_TIMEOUT', '0'],
    ['NGINX_TIMEOUT', 'soon'],
    ['SECRET_TOKEN_FD', 'three'],
    ['RUNTIME_PYTHON', ''],
  ])('refuses %s=%s by name', (name, value) => {
    expect(() => parseRuntimeConfig({ SECRET_TOKEN: 't', [name]: value })).toThrow(new RegExp(`^${name}: `))
  })
})
