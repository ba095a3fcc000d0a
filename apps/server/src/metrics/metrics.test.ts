import { describe, expect, it } from 'vitest'
import type { SandboxState } from '@runtime-sandbox/core'
import { createFakeClock } from '@runtime-sandbox/testkit'
import { fakeManager } from '../http/fake-manager.fixture.ts'
import { createHttpApp } from '../http/http-app.ts'
import { createServerMetrics } from './server-metrics.ts'

const authorization = { authorization: 'Bearer secret' }

function server() {
  const clock = createFakeClock()
  const metrics = createServerMetrics({ clock })
  const app = createHttpApp(fakeManager(), { access: { token: 'secret', allowedHosts: [] }, metrics })
  const change = (name: string, from: SandboxState | null, to: SandboxState | null, reason = '') =>
    metrics.onEvent({ event: 'sandbox.state', name, sandboxType: 'base', from, to, reason })
  const ask = async (path: string, init: RequestInit = {}) =>
    app.request(`http://localhost${path}`, { headers: authorization, ...init })
  const scrape = async () => (await (await ask('/metrics')).text()).split('\n')
  return { clock, change, ask, scrape }
}

describe('/metrics', () => {
  it('needs the token, and answers GET alone', async () => {
    const { ask } = server()
    expect((await ask('/metrics', { headers: {} })).status).toBe(401)
    expect((await ask('/metrics', { method: 'POST' })).status).toBe(405)
    const answer = await ask('/metrics')
    expect([answer.status, answer.headers.get('content-type')]).toEqual([200, expect.stringContaining('text/plain')])
  })

  it('counts requests by route and status, whatever strangers ask for', async () => {
    const { ask, scrape } = server()
    await ask('/health')
    await ask('/get_info', { method: 'POST', body: '{"identity":"known"}' })
    await ask('/get_info', { method: 'POST', body: '{"identity":"nobody"}' })
    await ask('/proxy/known/workspace/file?path=secret')
    for (const path of ['/a', '/b', '/c']) await ask(path)
    const lines = await scrape()
    const count = (route: string, method: string, status: number) =>
      `runtime_sandbox_http_requests_total{route="${route}",method="${method}",status="${status}"}`
    expect(lines).toContain(`${count('/health', 'GET', 200)} 1`)
    expect(lines).toContain(`${count('/get_info', 'POST', 200)} 1`)
    expect(lines).toContain(`${count('/get_info', 'POST', 404)} 1`)
    expect(lines).toContain(`${count('/proxy', 'GET', 200)} 1`)
    expect(lines).toContain(`${count('other', 'GET', 404)} 3`)
    expect(lines).toContain('runtime_sandbox_http_request_duration_seconds_count{route="/get_info"} 2')
    expect(lines).toContain('runtime_sandbox_http_requests_in_flight 1')
    expect(lines.join('\n')).not.toContain('secret')
  })

  it('tells what becomes of sandboxes', async () => {
    const { clock, change, scrape } = server()
    change('one', null, 'creating')
    await clock.advance(1500)
    change('one', 'creating', 'warm')
    change('two', null, 'creating')
    change('one', 'warm', 'running', 'claimed')
    change('one', 'running', 'running', 'stopped by its caller')
    change('two', 'creating', null, 'could not be made')
    change('one', 'running', 'recycled')
    const lines = await scrape()
    const gauge = (state: string) => `runtime_sandbox_sandboxes{type="base",state="${state}"}`
    expect(lines).toContain(`${gauge('creating')} 0`)
    expect(lines).toContain(`${gauge('warm')} 0`)
    expect(lines).toContain(`${gauge('running')} 0`)
    expect(lines).toContain(`${gauge('recycled')} 1`)
    expect(lines).toContain('runtime_sandbox_transitions_total{type="base",from="warm",to="running"} 1')
    expect(lines).toContain('runtime_sandbox_transitions_total{type="base",from="creating",to="none"} 1')
    expect(lines).not.toContainEqual(expect.stringContaining('from="running",to="running"'))
    expect(lines).toContain('runtime_sandbox_start_duration_seconds_sum{type="base"} 1.5')
    expect(lines).toContain('runtime_sandbox_start_duration_seconds_count{type="base"} 1')
  })

  it('tells of the process itself', async () => {
    const lines = await server().scrape()
    expect(lines).toContainEqual(expect.stringMatching(/^process_resident_memory_bytes \d+/))
    expect(lines).toContainEqual(expect.stringMatching(/^nodejs_eventloop_lag_seconds /))
  })
})
