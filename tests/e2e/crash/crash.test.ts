import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { isActive, labels } from '@runtime-sandbox/core'
import { SandboxManager } from '@runtime-sandbox/manager'
import { engines, type TestEngine } from '../engines.ts'
import type { CrashPlan, Operation } from './crashing-program.ts'
import { openParts, type CrashSettings } from './open-parts.ts'

const program = fileURLToPath(new URL('crashing-program.ts', import.meta.url))
const atOnce = 3

type Outcome = { given: string[]; steps: number | undefined }

/** Runs the program until it has killed itself. */
async function crash(plan: CrashPlan): Promise<Outcome> {
  const child = spawn(process.execPath, ['--conditions=@runtime-sandbox/source', program, JSON.stringify(plan)], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  let errors = ''
  child.stdout.on('data', (data: Buffer) => (output += data.toString()))
  child.stderr.on('data', (data: Buffer) => (errors += data.toString()))
  const [, signal] = (await once(child, 'close')) as [number | null, string | null]
  if (signal !== 'SIGKILL') throw new Error(`the program ended by itself: ${errors}`)
  const facts = output
    .split('\n')
    .flatMap((line) => (line ? [JSON.parse(line) as { given?: string; steps?: number }] : []))
  return {
    given: facts.flatMap(({ given }) => given ?? []),
    steps: facts.find(({ steps }) => steps !== undefined)?.steps,
  }
}

/** A deployment of its own, gone with the test. */
async function deployment({ name, environment }: TestEngine, operation: Operation): Promise<CrashSettings> {
  return {
    engine: name,
    environment,
    prefix: `crash-${randomBytes(5).toString('hex')}-`,
    directory: await mkdtemp(path.join(tmpdir(), 'crash-')),
    poolSize: operation === 'claim' ? 1 : 0,
    heartbeatTimeoutMs: operation === 'reap' || operation === 'restore' ? 400 : 300_000,
  }
}

/** What is not as it should be, in a word each. */
async function disorder({ backend, state, settings }: Awaited<ReturnType<typeof openParts>>): Promise<string[]> {
  const problems: string[] = []
  const containers = await Array.fromAsync(backend.list({ [labels.deployment]: settings.prefix }))
  const records = await Array.fromAsync(state.list())
  for (const { name } of containers) {
    const record = records.find((candidate) => candidate.name === name)
    if (!record || !isActive(record.state)) problems.push(`container ${name} without an active record`)
  }
  for (const record of records.filter(({ state: is }) => isActive(is))) {
    if (!containers.some(({ name }) => name === record.name)) problems.push(`record ${record.name} without a container`)
  }
  const directories = records.flatMap(({ mountDir }) => mountDir ?? [])
  if (new Set(directories).size !== directories.length) problems.push('a workspace of two')
  const there = await readdir(settings.workspaceRoot!).catch(() => [])
  for (const directory of there.filter((one) => one !== '.owners')) {
    if (!directories.includes(path.join(settings.workspaceRoot!, directory)))
      problems.push(`workspace ${directory} is nobody's`)
  }
  return problems
}

/** Starts the next server and sees whether everything is as it should be, then ends everything. */
async function recovered(settings: CrashSettings, { given }: Outcome, operation: Operation): Promise<void> {
  const parts = await openParts({ ...settings, poolSize: 0, heartbeatTimeoutMs: 300_000 })
  const begun = performance.now()
  const manager = await SandboxManager.start(parts)
  try {
    await expect.poll(() => disorder(parts), { timeout: 5000, interval: 100 }).toEqual([])
    expect(performance.now() - begun).toBeLessThan(5000)
    const outlives = parts.backend.survivesServer && operation !== 'release'
    for (const name of outlives ? given : []) await expectAlive(manager, name, operation)
    await manager.cleanup()
    expect(await Array.fromAsync(parts.backend.list({ [labels.deployment]: settings.prefix }))).toEqual([])
    await expect.poll(() => readdir(parts.settings.workspaceRoot!).catch(() => [])).toEqual([])
  } finally {
    await manager.close()
    await parts.backend.close()
    await rm(settings.directory, { recursive: true, force: true })
  }
}

async function expectAlive(manager: SandboxManager, name: string, operation: Operation): Promise<void> {
  const command = 'cat /workspace/file 2>/dev/null || echo alive'
  const result = await manager.callTool(name, 'run_shell_command', { arguments: { command } })
  const hasFile = operation === 'reap' || operation === 'restore'
  expect(result.content[0]?.text).toBe(hasFile ? 'kept\n' : 'alive\n')
}

describe.each(engines)('a server on $name that is killed', (engine) => {
  describe.skipIf(engine.skip)('at any step', () => {
    it.each<Operation>(['create', 'claim', 'release', 'reap', 'restore'])(
      'of %s leaves nothing behind, and loses nothing',
      { timeout: 240_000 },
      async (operation) => {
        const first = await deployment(engine, operation)
        const whole = await crash({ operation, settings: first })
        await recovered(first, whole, operation)
        expect(whole.steps).toBeGreaterThan(1)
        const moments = Array.from({ length: whole.steps! }, (_, step) => step).flatMap((step) =>
          (['before', 'after'] as const).map((place) => ({ step, place })),
        )
        let next = 0
        const worker = async () => {
          for (let moment = moments[next++]; moment; moment = moments[next++]) {
            const settings = await deployment(engine, operation)
            const outcome = await crash({ operation, settings, ...moment })
            await recovered(settings, outcome, operation).catch((error: Error) => {
              throw new Error(`killed ${moment.place} step ${moment.step}: ${error.message}`, { cause: error })
            })
          }
        }
        await Promise.all(Array.from({ length: atOnce }, worker))
      },
    )
  })
})
