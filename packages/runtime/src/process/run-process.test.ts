import { mkdtemp, rm } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { childEnvironment } from './child-environment.ts'
import { PipeSupply } from './pipe-supply.ts'
import type { ProcessEvent } from './process-event.ts'
import { runProcess } from './run-process.ts'

let cwd: string
const pipes = new PipeSupply(4)
const options = () => ({
  cwd,
  pipes,
  environment: childEnvironment({ PATH: '/usr/bin:/bin' }),
  timeoutMs: 20_000,
})

beforeAll(async () => {
  cwd = await mkdtemp(path.join(os.tmpdir(), 'run-process-'))
})
afterAll(async () => {
  await pipes.close()
  await rm(cwd, { recursive: true })
})

async function eventsOf(command: string, more: Partial<Parameters<typeof runProcess>[1]> = {}) {
  const events: ProcessEvent[] = []
  for await (const event of runProcess(command, { ...options(), ...more })) events.push(event)
  return events
}

describe('runProcess', () => {
  it('tells what is printed while it is printed, and the exit last', async () => {
    const seen: string[] = []
    for await (const event of runProcess('echo one; read line < go; echo two >&2', await withFifo())) {
      if (event.type === 'exit') seen.push(`exit ${event.code}`)
      else seen.push(`${event.type} ${event.data.toString()}`)
      if (seen.length === 1) for await (const _ of runProcess('echo > go', options()));
    }
    expect(seen).toEqual(['stdout one\n', 'stderr two\n', 'exit 0'])
  })

  it('kills what it started when the reader leaves', async () => {
    for await (const _ of runProcess('echo $$ > pid; sleep 900 & echo started; sleep 900', options())) break
    const [output] = await eventsOf('kill -0 $(cat pid) 2>/dev/null && echo alive || echo gone')
    expect(output).toMatchObject({ data: Buffer.from('gone\n') })
  })

  it('loses nothing of what a slow reader has not taken yet', async () => {
    let bytes = 0
    for await (const event of runProcess('head -c 3000000 /dev/zero', options())) {
      if (event.type === 'stdout') bytes += event.data.length
      await new Promise((resolve) => setImmediate(resolve))
    }
    expect(bytes).toBe(3_000_000)
  })

  it('does without pipes where none can be made', async () => {
    const none = { take: () => Promise.resolve(undefined) } as unknown as PipeSupply
    const events = await eventsOf('echo out; echo err >&2; exit 5', { pipes: none })
    expect(events.at(-1)).toMatchObject({ type: 'exit', code: 5 })
    expect(events).toContainEqual({ type: 'stdout', data: Buffer.from('out\n') })
    expect(events).toContainEqual({ type: 'stderr', data: Buffer.from('err\n') })
  })

  it('starts nothing when the caller is gone already', async () => {
    await expect(eventsOf('touch began', { signal: AbortSignal.abort() })).rejects.toThrow(/abort/)
    expect(await eventsOf('test -e began')).toEqual([{ type: 'exit', code: 1, signal: null, timedOut: false }])
  })

  async function withFifo() {
    await eventsOf('mkfifo go')
    return options()
  }
})
