import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { engineSuite } from '@runtime-sandbox/testkit'
import { engines } from '../e2e/engines.ts'
import { ServerProcess } from '../e2e/server-process.ts'
import { PytestProcess } from './pytest-process.ts'

/** Settings of the servers that the cases know, by the name of their fixture. Each asks for a token. */
const settings = {
  main: { POOL_SIZE: '4' },
  limited: { MAX_SANDBOX_INSTANCES: '1', RUNTIME_SANDBOX_TIMEOUT: '5' },
  idle: { HEARTBEAT_TIMEOUT: '2', WATCHER_SCAN_INTERVAL: '1' },
  // Its clients release the sandboxes of all clients.
  shared: {},
}

const python = process.env['PYTHON_CLIENT']
const problem = python
  ? undefined
  : process.env['PYTHON_CLIENT_PROBLEM'] || 'PYTHON_CLIENT is not set; `npm test` sets it'
const { skip: hasNoClient } = engineSuite('python-client', problem)
const cases = hasNoClient ? [] : await PytestProcess.collect(python!)

/** Its cases mostly wait; they run beside the others. */
const waitingFile = 'test_idle.py'

describe.each(engines)("the original's Python client on $name", ({ skip, environment }) => {
  describe.skipIf(skip || hasNoClient)('case', () => {
    let servers: Record<string, ServerProcess> = {}
    let waiting: PytestProcess
    let working: PytestProcess

    beforeAll(async () => {
      const starts = Object.entries(settings).map(async ([name, own]) => {
        servers[name] = await ServerProcess.start({ environment: { ...environment, ...own } })
      })
      // All of them, whatever one does: those that run are stopped in the end.
      const failed = (await Promise.allSettled(starts)).find(({ status }) => status === 'rejected')
      expect(failed).toBeUndefined()
      const addresses = Object.entries(servers).map(([name, { url, token }]) => [name, { url, token }])
      const SERVERS = JSON.stringify(Object.fromEntries(addresses))
      waiting = new PytestProcess({ python: python!, environment: { SERVERS }, words: [waitingFile] })
      working = new PytestProcess({ python: python!, environment: { SERVERS }, words: [`--ignore=${waitingFile}`] })
    })
    afterAll(async () => {
      await Promise.all([waiting?.stop(), working?.stop()])
      await Promise.all(Object.values(servers).map((server) => server.stop()))
    })

    // Without the client there is no list of them.
    it.each(cases.length > 0 ? cases : ['any'])('%s', async (id) => {
      const { passed, report } = await (id.startsWith(waitingFile) ? waiting : working).result(id)
      expect(passed, report).toBe(true)
    })
  })
})
