import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { engineSuite } from '@runtime-sandbox/testkit'
import { engines } from '../e2e/engines.ts'
import { ClientServers } from './client-servers.ts'
import { PytestProcess } from './pytest-process.ts'

const python = process.env['PYTHON_CLIENT'] ?? ''
const problem = python
  ? undefined
  : process.env['PYTHON_CLIENT_PROBLEM'] || 'PYTHON_CLIENT is not set; `npm test` sets it'
const { skip: hasNoClient } = engineSuite('python-client', problem)
const cases = hasNoClient ? [] : await PytestProcess.collect(python)

/** Their cases mostly wait; they run beside the others. */
const waitingFiles = ['test_idle.py', 'test_restore.py']
const fileOf = (id: string) => waitingFiles.find((file) => id.startsWith(file)) ?? 'others'

describe.each(engines)("the original's Python client on $name", ({ skip, environment }) => {
  describe.skipIf(skip || hasNoClient)('case', () => {
    let servers: ClientServers
    const runs = new Map<string, PytestProcess>()

    beforeAll(async () => {
      servers = await ClientServers.start(environment)
      const run = (...words: string[]) =>
        new PytestProcess({ python, environment: { SERVERS: servers.addresses }, words })
      for (const file of waitingFiles) runs.set(file, run(file))
      runs.set('others', run(...waitingFiles.map((file) => `--ignore=${file}`)))
    })
    afterAll(async () => {
      await Promise.all([...runs.values()].map((run) => run.stop()))
      await servers?.stop()
    })

    // Without the client there is no list of them.
    it.each(cases.length > 0 ? cases : ['any'])('%s', async (id) => {
      const { passed, report } = await runs.get(fileOf(id))!.result(id)
      expect(passed, report).toBe(true)
    })
  })
})
