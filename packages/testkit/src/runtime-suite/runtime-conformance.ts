import { afterAll, beforeAll, describe } from 'vitest'
import { badInput } from './bad-input.ts'
import { healthAndToken } from './health-and-token.ts'
import { ipython } from './ipython.ts'
import type { RuntimeUnderTest, StartRuntime } from './runtime-under-test.ts'
import { mcp } from './mcp.ts'
import { shell } from './shell.ts'
import { watcher } from './watcher.ts'
import { workspaceBatch } from './workspace-batch.ts'
import { workspaceFiles } from './workspace-files.ts'

export type RuntimeSuiteOptions = {
  start: StartRuntime
  skip?: boolean
  /** Leaves out the Python cells, for a machine without IPython. */
  skipPython?: boolean
}

/** Checks a running in-sandbox server against the wire contract, topic by topic, on one instance. */
export function runtimeConformance(
  name: string,
  { start, skip = false, skipPython = false }: RuntimeSuiteOptions,
): void {
  describe.skipIf(skip)(`runtime: ${name}`, () => {
    let started: RuntimeUnderTest
    const runtime = () => started
    beforeAll(async () => {
      started = await start()
    })
    afterAll(async () => {
      await started?.stop()
    })
    healthAndToken(runtime)
    shell(runtime)
    if (!skipPython) ipython(runtime)
    badInput(runtime)
    mcp(runtime)
    watcher(runtime)
    workspaceFiles(runtime)
    workspaceBatch(runtime)
  })
}
