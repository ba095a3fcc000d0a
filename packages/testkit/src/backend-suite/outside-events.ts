import { setTimeout as delay } from 'node:timers/promises'
import type { ContainerBackend, ContainerEvent, ContainerInfo } from '@runtime-sandbox/core'
import { describe, expect, it } from 'vitest'
import { awaitRuntime } from './await-runtime.ts'
import { SuiteBench, tokenOf, type SuiteSandbox } from './suite-bench.ts'
import type { BackendSuiteOptions } from './suite-options.ts'

const attempts = 5
const eventWaitMs = 3000

/** Sandboxes that end without our asking. */
export function outsideEventsSuite<Backend extends ContainerBackend>(options: BackendSuiteOptions<Backend>): void {
  const { supports } = options
  if (!supports.kill) return
  describe('ends from outside', () => {
    const bench = new SuiteBench(options)

    const killFromOutside = async ({ container }: SuiteSandbox) => {
      const info = await bench.backend.inspect(container.id)
      if (info?.status === 'running') await supports.kill!(bench.backend, info)
    }

    it('does not call a killed sandbox running', async () => {
      const sandbox = await bench.createHealthy()
      await killFromOutside(sandbox)
      const seen = () => bench.backend.inspect(sandbox.container.id)
      await expect.poll(async () => stateOf(await seen()), { timeout: 10_000 }).toMatch(/^(exited|gone)$/)
      await bench.backend.remove(sandbox.container.id)
      await bench.expectNothingLeft()
    })

    it('starts a killed sandbox again, where the engine still knows it', async () => {
      const sandbox = await bench.createHealthy()
      const { spec, container } = sandbox
      await killFromOutside(sandbox)
      const seen = () => bench.backend.inspect(container.id)
      await expect.poll(async () => stateOf(await seen()), { timeout: 10_000 }).toMatch(/^(exited|gone)$/)
      if (!(await seen())) return
      await awaitRuntime(await bench.backend.start(container.id), { token: tokenOf(spec) })
    })

    if (!supports.abilities.includes('watch')) return
    it('tells who watches, and nobody else', { timeout: 60_000 }, async () => {
      const abort = new AbortController()
      const events = bench.backend.watch!(bench.labels, { signal: abort.signal })[Symbol.asyncIterator]()
      const strangers = bench.backend.watch!({ colour: 'none' }, { signal: abort.signal })[Symbol.asyncIterator]()
      const first = events.next()
      const strange = strangers.next()
      // When a watcher is ready is not told, so a first end may pass unseen.
      let event: ContainerEvent | undefined
      for (let attempt = 0; attempt < attempts && !event; attempt += 1) {
        const sandbox = await bench.create()
        await killFromOutside(sandbox)
        event = await Promise.race([first.then(({ value }) => value ?? undefined), delay(eventWaitMs, undefined)])
        if (event) expect(event.name).toMatch(/^conformance-/)
      }
      expect(event?.kind).toMatch(/^(exited|removed)$/)
      expect(event?.reason).not.toBe('')
      abort.abort()
      expect((await settled(strange)).done).toBe(true)
      expect((await settled(events.next())).done).toBe(true)
    })
  })
}

function stateOf(info: ContainerInfo | undefined): string {
  return info?.status ?? 'gone'
}

/** The end of a watch, which is either quiet or the reason of the abort. */
async function settled(next: Promise<IteratorResult<ContainerEvent>>): Promise<{ done: boolean }> {
  return next.then(
    ({ done }) => ({ done: done === true }),
    () => ({ done: true }),
  )
}
