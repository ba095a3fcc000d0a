import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe } from 'vitest'
import { startEmbedded, type Embedded } from 'runtime-sandbox-server'
import { engines } from './engines.ts'
import { sandboxScenarios } from './sandbox-scenarios.ts'
import { ServerProcess } from './server-process.ts'

describe.each(engines)('sandboxes on $name', ({ skip, environment }) => {
  describe.skipIf(skip)('over HTTP', () => {
    let server: ServerProcess
    beforeAll(async () => {
      server = await ServerProcess.start({ environment })
    })
    afterAll(async () => {
      await server?.stop()
    })
    sandboxScenarios(() => server.connection)
  })

  describe.skipIf(skip)('with a manager in the process', () => {
    let embedded: Embedded
    let directory: string
    beforeAll(async () => {
      directory = await mkdtemp(path.join(tmpdir(), 'e2e-embedded-'))
      embedded = await startEmbedded({ directory, environment: { PATH: process.env['PATH'], ...environment } })
    })
    afterAll(async () => {
      await embedded?.close()
      await rm(directory, { recursive: true, force: true })
    })
    sandboxScenarios(() => ({ manager: embedded.manager }))
  })
})
