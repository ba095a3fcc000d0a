import type { ContainerBackend } from '@runtime-sandbox/core'
import { describe, expect, it } from 'vitest'
import { SuiteBench, expectCode } from './suite-bench.ts'
import type { BackendSuiteOptions } from './suite-options.ts'

/** Optional members of the port; those that the engine has are tested. */
export function abilitySuite<Backend extends ContainerBackend>(options: BackendSuiteOptions<Backend>): void {
  describe('abilities', () => {
    const bench = new SuiteBench(options)

    it('resolves an image to an id that stays', async ({ skip }) => {
      if (!bench.backend.resolveImage) skip('no resolveImage')
      const { image } = options.spec()
      const imageId = await bench.backend.resolveImage!(image)
      expect(imageId).not.toBe('')
      expect(await bench.backend.resolveImage!(image)).toBe(imageId)
      const { container } = await bench.create()
      if (container.imageId !== null) expect(container.imageId).toBe(imageId)
    })

    it('tells the last lines that a sandbox wrote', async ({ skip }) => {
      if (!bench.backend.logs) skip('no logs')
      const { container } = await bench.createHealthy()
      const text = await bench.backend.logs!(container.id, { lines: 5 })
      expect(typeof text).toBe('string')
      expect(text.trimEnd().split('\n').length).toBeLessThanOrEqual(5)
      await expectCode(bench.backend.logs!('conformance-no-such-sandbox'), 'sandbox_not_found')
    })

    it('pauses and resumes', async ({ skip }) => {
      const { backend } = bench
      if (!backend.pause || !backend.resume) skip('no pause')
      const { container } = await bench.createHealthy()
      await backend.pause!(container.id)
      expect((await backend.inspect(container.id))?.status).toBe('paused')
      await backend.resume!(container.id)
      expect((await backend.inspect(container.id))?.status).toBe('running')
    })
  })
}
