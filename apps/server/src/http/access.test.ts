import { describe, expect, it } from 'vitest'
import type { AccessPolicy } from './access.ts'
import { fakeManager } from './fake-manager.fixture.ts'
import { createHttpApp } from './http-app.ts'

async function call(policy: AccessPolicy, headers: Record<string, string>, path = '/cleanup') {
  const manager = fakeManager()
  const app = createHttpApp(manager, { access: policy })
  // A body that fails when it is read: refusals come first.
  const body = new ReadableStream({
    pull() {
      throw new Error('read')
    },
  })
  const init = path === '/cleanup' ? { method: 'POST', body: '{}' } : path === '/create' ? { method: 'POST', body } : {}
  const response = await app.request(path, { ...init, headers, duplex: 'half' })
  return {
    status: response.status,
    challenge: response.headers.get('www-authenticate'),
    response,
    calls: manager.calls,
  }
}

describe('with a token', () => {
  const policy = { token: 'right', allowedHosts: [] }

  it.each(['Bearer right', 'bearer right', 'BEARER   right'])('lets %s in', async (authorization) => {
    expect((await call(policy, { authorization, host: 'any.example', origin: 'http://other' })).status).toBe(200)
  })

  it.each([
    [{}, 'Authentication required'],
    [{ authorization: 'Basic right' }, 'Authentication required'],
    [{ authorization: 'right' }, 'Authentication required'],
    [{ authorization: 'Bearer ' }, 'Authentication required'],
    [{ authorization: 'Bearer wrong' }, 'Invalid authentication credentials'],
    [{ authorization: 'Bearer right2' }, 'Invalid authentication credentials'],
    [{ authorization: 'Bearer Right' }, 'Invalid authentication credentials'],
  ])('refuses %j before the body is read', async (headers, detail) => {
    const { status, challenge, response, calls } = await call(policy, headers, '/create')
    expect(status).toBe(401)
    expect(challenge).toBe('Bearer')
    expect(await response.json()).toMatchObject({ detail, code: 'unauthorized' })
    expect(calls).toEqual([])
  })

  it.each(['/docs', '/openapi.json', '/proxy/known/healthz', '/nope'])('%s needs it too', async (path) => {
    expect((await call(policy, {}, path)).status).toBe(401)
  })

  it.each(['/health', '/%68ealth'])('%s is open', async (path) => {
    expect((await call(policy, {}, path)).status).toBe(200)
  })
})

describe('without a token', () => {
  const policy = { token: undefined, allowedHosts: ['box.lan'] }

  it.each([
    { host: 'localhost' },
    { host: 'LOCALHOST:8000' },
    { host: '127.0.0.1:8000' },
    { host: '127.8.9.1' },
    { host: '[::1]:8000' },
    { host: 'sandboxes.localhost:8000' },
    { host: 'localhost.:8000' },
    { host: 'box.lan:80' },
    { host: 'localhost:8000', origin: 'http://localhost:8000', 'sec-fetch-site': 'same-origin' },
    { host: 'localhost:8000', 'sec-fetch-site': 'none' },
    { host: 'localhost', authorization: 'Bearer whatever' },
  ])('takes %j', async (headers) => {
    expect((await call(policy, headers)).status).toBe(200)
  })

  it.each([
    { host: 'evil.example' },
    { host: 'localhost.evil.example:8000' },
    { host: '127.0.0.1.evil.example' },
    { host: 'localhost@evil.example' },
    { host: 'evil.example/localhost' },
    { host: '10.0.0.1:8000' },
    { host: 'localhost:8000', origin: 'http://evil.example' },
    { host: 'localhost:8000', origin: 'http://localhost:3000' },
    { host: 'localhost:8000', origin: 'null' },
    { host: 'localhost:8000', 'sec-fetch-site': 'cross-site' },
    { host: 'localhost:8000', 'sec-fetch-site': 'same-site' },
  ])('refuses %j, which a web page could send', async (headers) => {
    const { status, response, calls } = await call(policy, headers)
    expect(status).toBe(403)
    expect(await response.json()).toMatchObject({ code: 'request_refused' })
    expect(response.headers.get('access-control-allow-origin')).toBeNull()
    expect(calls).toEqual([])
  })
})
