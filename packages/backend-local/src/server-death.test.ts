import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { systemClock } from '@runtime-sandbox/core'
import { awaitRuntime, engineSuite, runShell } from '@runtime-sandbox/testkit'
import { describe, expect, it, onTestFinished } from 'vitest'
import { createLocalBackend } from './create-local-backend.ts'
import { identifyProcess } from './host/process-identity.ts'
import {
  initOf,
  localUnavailable,
  openLocalEngine,
  testContext,
  testPython,
  type LocalTestEngine,
} from './local-engine.fixture.ts'

const { skip } = engineSuite('local', await localUnavailable())
const program = fileURLToPath(new URL('doomed-server.fixture.ts', import.meta.url))

type Doomed = { id: string; url: string; token: string }

/** A server in a process of its own, with one sandbox in the engine's state directory. */
async function startServer({ stateDirectory }: LocalTestEngine) {
  const server = spawn(process.execPath, ['--conditions=@runtime-sandbox/source', program, stateDirectory], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  onTestFinished(() => void server.kill('SIGKILL'))
  const [line] = (await once(createInterface({ input: server.stdout }), 'line')) as [string]
  return { server, doomed: JSON.parse(line) as Doomed }
}

async function openEngine(): Promise<LocalTestEngine> {
  const engine = await openLocalEngine()
  onTestFinished(() => engine.dispose())
  return engine
}

describe.skipIf(skip)('a server that is killed', () => {
  it('takes its sandboxes along, background jobs included', async () => {
    const engine = await openEngine()
    const { server, doomed } = await startServer(engine)
    await awaitRuntime(doomed, doomed)
    await runShell(doomed, 'setsid sleep 1000 >/dev/null 2>&1 &', doomed)
    const init = await initOf(engine.stateDirectory, doomed.id)
    expect(identifyProcess(init)).toBeDefined()
    server.kill('SIGKILL')
    // All processes of a namespace are gone when its first one is.
    await expect.poll(() => identifyProcess(init), { timeout: 5000, interval: 10 }).toBeUndefined()
  })

  it('leaves what its successor finds as exited, and removes', async () => {
    const engine = await openEngine()
    const { server, doomed } = await startServer(engine)
    const seen = async () => {
      const found = []
      for await (const { name, status, environment } of engine.backend.list({ doomed: 'yes' }))
        found.push({ name, status, environment })
      return found
    }
    expect(await seen(), 'the sandbox of a server that lives').toEqual([])
    server.kill('SIGKILL')
    await once(server, 'exit')
    expect(await seen()).toEqual([{ name: 'doomed', status: 'exited', environment: {} }])
    expect(await engine.backend.inspect('doomed')).toMatchObject({ id: doomed.id, status: 'exited' })
    await engine.backend.stop(doomed.id)
    await engine.backend.remove(doomed.id)
    await engine.backend.remove(doomed.id)
    expect(await seen()).toEqual([])
    expect(await engine.residue()).toEqual([])
  })

  it('leaves nothing for ever, even if nobody asks for it', async () => {
    const engine = await openEngine()
    const { server } = await startServer(engine)
    server.kill('SIGKILL')
    await once(server, 'exit')
    const tomorrow = { ...systemClock, now: () => Date.now() + 25 * 3_600_000 }
    const successor = createLocalBackend(
      { LOCAL_STATE_DIR: engine.stateDirectory, ...testPython },
      { ...testContext(), clock: tomorrow },
    )
    await successor.ping()
    expect(await engine.residue()).toEqual([])
    await successor.close()
  })
})
