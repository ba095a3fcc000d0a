import { setTimeout as delay } from 'node:timers/promises'
import { SandboxError, type ContainerBackend } from '@runtime-sandbox/core'
import { describe, expect, it } from 'vitest'
import { dialRuntime } from './dial-runtime.ts'
import { itWhere } from '../it-where.ts'
import { SuiteBench, expectCode, tokenOf } from './suite-bench.ts'
import type { BackendSuiteOptions } from './suite-options.ts'

/** Moments of a creation, in milliseconds after its begin, at which it is given up. */
const abortMoments = [0, 1, 10, 40, 120, 300]

/** A creation that fails leaves nothing. */
export function failureSuite<Backend extends ContainerBackend>(options: BackendSuiteOptions<Backend>): void {
  const { images, abilities } = options.supports
  describe('failures', () => {
    const bench = new SuiteBench(options)

    it('refuses a name that is taken, and harms nobody', async () => {
      const { spec, container } = await bench.createHealthy()
      await expectCode(bench.backend.create(bench.spec({ name: spec.name })), 'conflict')
      expect(await bench.backend.inspect(spec.name)).toMatchObject({ id: container.id, status: 'running' })
      expect(await dialRuntime(container.url, '/fastapi/healthz', { token: tokenOf(spec) })).toMatchObject({
        status: 200,
      })
      await bench.backend.remove(container.id)
      await bench.create({ name: spec.name })
    })

    it('gives a name that two ask for at once to one of them', async () => {
      const { name } = bench.spec()
      const outcomes = await Promise.allSettled([1, 2, 3].map(() => bench.backend.create(bench.spec({ name }))))
      const failures = outcomes.filter((outcome) => outcome.status === 'rejected')
      expect(failures).toHaveLength(2)
      for (const { reason } of failures) expect(SandboxError.is(reason, 'conflict'), String(reason)).toBe(true)
      expect((await bench.listed()).map((info) => [info.name, info.status])).toEqual([[name, 'running']])
    })

    itWhere(images)('refuses an image that cannot be had', async () => {
      await bench.expectRefused(bench.create({ image: images!.missing }), 'image_unavailable')
    })

    itWhere(images && abilities.includes('resolveImage'))('cannot resolve an image that cannot be had', async () => {
      await expectCode(bench.backend.resolveImage!(images!.missing), 'image_unavailable')
    })

    it('refuses options that it does not know', async () => {
      const runtimeConfig = { 'no-such-option': 1 }
      await bench.expectRefused(bench.create({ runtimeConfig }), 'not_supported')
    })

    it('makes nothing for a caller that gave up before', async () => {
      const reason = new Error('given up')
      await expect(bench.create({}, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason)
      await bench.expectNothingLeft()
    })

    it('makes nothing for a caller that gives up meanwhile', { timeout: 120_000 }, async () => {
      for (const moment of abortMoments) {
        const abort = new AbortController()
        const reason = new Error(`given up after ${moment} ms`)
        const creation = bench.create({}, { signal: abort.signal }).then(
          (sandbox) => ({ sandbox }),
          (error: unknown) => ({ error }),
        )
        await Promise.race([creation, delay(moment)])
        abort.abort(reason)
        const outcome = await creation
        if ('error' in outcome) expect(outcome.error).toBe(reason)
        else await bench.backend.remove(outcome.sandbox.container.id)
        await bench.expectNothingLeft()
      }
    })
  })
}
