import type { ContainerBackend } from '@runtime-sandbox/core'
import { describe, expect, it } from 'vitest'
import { answers, awaitRuntime } from './await-runtime.ts'
import { dialRuntime } from './dial-runtime.ts'
import { SuiteBench, expectCode, tokenOf } from './suite-bench.ts'
import type { BackendSuiteOptions } from './suite-options.ts'

/** Making, stopping, starting and removing one sandbox. */
export function lifeCycleSuite<Backend extends ContainerBackend>(options: BackendSuiteOptions<Backend>): void {
  describe('life cycle', () => {
    const bench = new SuiteBench(options)

    it('makes a sandbox whose runtime knows its token and no other', async () => {
      const { spec, container } = await bench.createHealthy()
      const health = (token?: string) =>
        dialRuntime(container.url, '/fastapi/healthz', token === undefined ? {} : { token })
      expect(await health(tokenOf(spec))).toMatchObject({ status: 200, text: 'OK' })
      expect((await health('another-token')).status).toBe(403)
      expect((await health()).status).toBe(403)
    })

    it('stops a sandbox and starts it again', async () => {
      const { spec, container } = await bench.createHealthy()
      await bench.backend.stop(container.id, { graceMs: 1000 })
      const stopped = await bench.backend.inspect(container.id)
      expect(stopped).toMatchObject({ name: spec.name, id: container.id })
      expect(stopped?.status).not.toBe('running')
      expect(await answers(container.url)).toBe(false)
      const again = await bench.backend.start(container.id)
      expect(again.id).toBe(container.id)
      await awaitRuntime(again, { token: tokenOf(spec) })
      expect(await bench.backend.inspect(container.id)).toMatchObject({ status: 'running', url: again.url })
    })

    it('takes a second stop for done', async () => {
      const { container } = await bench.createHealthy()
      await bench.backend.stop(container.id, { graceMs: 0 })
      await bench.backend.stop(container.id, { graceMs: 0 })
      expect((await bench.backend.inspect(container.id))?.status).not.toBe('running')
    })

    it('removes a running sandbox, once and again', async () => {
      const { container } = await bench.createHealthy()
      await bench.backend.remove(container.id)
      expect(await answers(container.url)).toBe(false)
      await bench.expectNothingLeft()
      await bench.backend.remove(container.id)
      await expectCode(bench.backend.start(container.id), 'sandbox_not_found')
    })

    it('removes a stopped sandbox', async () => {
      const { container } = await bench.createHealthy()
      await bench.backend.stop(container.id, { graceMs: 0 })
      await bench.backend.remove(container.id)
      await bench.expectNothingLeft()
    })

    it('removes a sandbox that is removed by another at the same time', async () => {
      const { container } = await bench.create()
      await Promise.all([1, 2, 3].map(() => bench.backend.remove(container.id)))
      await bench.expectNothingLeft()
    })

    it('knows nothing of an unknown id', async () => {
      const unknown = 'conformance-no-such-sandbox'
      await bench.backend.remove(unknown)
      expect(await bench.backend.inspect(unknown)).toBeUndefined()
      await expectCode(bench.backend.start(unknown), 'sandbox_not_found')
      await expectCode(bench.backend.stop(unknown), 'sandbox_not_found')
    })

    it('makes ten sandboxes at once', { timeout: 120_000 }, async () => {
      const sandboxes = await Promise.all(Array.from({ length: 10 }, () => bench.create()))
      await Promise.all(
        sandboxes.map(({ spec, container }) => awaitRuntime(container, { token: tokenOf(spec), timeoutMs: 60_000 })),
      )
      expect(new Set(sandboxes.map(({ container }) => container.url)).size).toBe(10)
      expect(new Set(sandboxes.map(({ container }) => container.id)).size).toBe(10)
      await Promise.all(sandboxes.map(({ container }) => bench.backend.remove(container.id)))
      await bench.expectNothingLeft()
    })

    it('closes twice', async () => {
      const open = await options.open()
      await open.backend.ping()
      await open.backend.close()
      await open.backend.close()
      await open.dispose()
    })
  })
}
