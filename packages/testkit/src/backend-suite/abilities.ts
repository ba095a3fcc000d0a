import type { ContainerBackend } from '@runtime-sandbox/core'
import { describe, expect, it } from 'vitest'
import { itWhere } from '../it-where.ts'
import { SuiteBench, expectCode } from './suite-bench.ts'
import type { BackendAbility, BackendSuiteOptions } from './suite-options.ts'

const optionalMembers: readonly BackendAbility[] = ['resolveImage', 'logs', 'pause', 'watch']

/** Optional members of the port; those that the engine has are tested. */
export function abilitySuite<Backend extends ContainerBackend>(options: BackendSuiteOptions<Backend>): void {
  const { abilities } = options.supports
  describe('abilities', () => {
    const bench = new SuiteBench(options)

    it('are those that it is said to have', () => {
      const { backend } = bench
      const has = optionalMembers.filter((name) => backend[name] !== undefined)
      expect(has).toEqual(optionalMembers.filter((name) => abilities.includes(name)))
      expect(backend.resume !== undefined).toBe(backend.pause !== undefined)
    })

    const itIfAble = (ability: BackendAbility) => itWhere(abilities.includes(ability))

    itIfAble('resolveImage')('resolves an image to an id that stays', async () => {
      const { image } = options.spec()
      const imageId = await bench.backend.resolveImage!(image)
      expect(imageId).not.toBe('')
      expect(await bench.backend.resolveImage!(image)).toBe(imageId)
      const { container } = await bench.create()
      if (container.imageId !== null) expect(container.imageId).toBe(imageId)
    })

    itIfAble('logs')('tells the last lines that a sandbox wrote', async () => {
      const { container } = await bench.createHealthy()
      const text = await bench.backend.logs!(container.id, { lines: 5 })
      expect(typeof text).toBe('string')
      expect(text.trimEnd().split('\n').length).toBeLessThanOrEqual(5)
      await expectCode(bench.backend.logs!('conformance-no-such-sandbox'), 'sandbox_not_found')
    })

    itIfAble('pause')('pauses and resumes', async () => {
      const { backend } = bench
      const { container } = await bench.createHealthy()
      await backend.pause!(container.id)
      expect((await backend.inspect(container.id))?.status).toBe('paused')
      await backend.resume!(container.id)
      expect((await backend.inspect(container.id))?.status).toBe('running')
    })
  })
}
