import { afterAll, beforeAll, describe } from 'vitest'
import { accessTests } from './access.ts'
import { badRequestTests, capacityTests } from './bad-requests.ts'
import { idleSessionTests } from './idle-sessions.ts'
import { lifeCycleTests } from './life-cycle.ts'
import { proxyTests } from './proxy.ts'
import { sessionTests } from './sessions.ts'
import { toolTests } from './tools.ts'
import { WireClient } from './wire-client.ts'
import type { StartWire, WireUnderTest } from './wire-under-test.ts'

export type WireSuiteOptions = { start: StartWire; skip?: boolean }

/**
 * Checks the manager's HTTP API against the wire contract, route by route, without any client in between. Call it at the top of a
 * test file.
 */
export function wireConformance(name: string, { start, skip = false }: WireSuiteOptions): void {
  describe.skipIf(skip)(`wire: ${name}`, () => {
    serverWith('a server', {}, start, (client) => {
      accessTests(client)
      for (const suffix of ['', '_async'] as const) {
        lifeCycleTests(client, suffix)
        toolTests(client, suffix)
      }
      badRequestTests(client)
      proxyTests(client)
      sessionTests(client)
    })
    serverWith('a server with a limit', { MAX_SANDBOX_INSTANCES: '3' }, start, capacityTests)
    const impatient = { HEARTBEAT_TIMEOUT: '1', WATCHER_SCAN_INTERVAL: '1' }
    serverWith('a server that loses patience', impatient, start, idleSessionTests)
  })
}

function serverWith(
  name: string,
  settings: Readonly<Record<string, string>>,
  start: StartWire,
  tests: (client: () => WireClient) => void,
): void {
  describe(`on ${name}`, () => {
    let server: WireUnderTest | undefined
    let client: WireClient
    beforeAll(async () => {
      server = await start(settings)
      client = new WireClient(server)
    })
    afterAll(async () => {
      await server?.stop()
    })
    tests(() => client)
  })
}
