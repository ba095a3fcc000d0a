import { labels as labelNames, type ContainerBackend } from '@runtime-sandbox/core'
import { describe, expect, it } from 'vitest'
import { SuiteBench, collect, tokenOf } from './suite-bench.ts'
import type { BackendSuiteOptions } from './suite-options.ts'

const day = 86_400_000

/** What the engine tells of its sandboxes. */
export function listingSuite<Backend extends ContainerBackend>(options: BackendSuiteOptions<Backend>): void {
  describe('inspect and list', () => {
    const bench = new SuiteBench(options)

    it('tells the same by id and by name', async () => {
      const { spec, container } = await bench.create()
      const byId = await bench.backend.inspect(container.id)
      expect(byId).toMatchObject({ ...container, name: spec.name, status: 'running', labels: spec.labels })
      expect(Math.abs(Date.now() - byId!.createdAt)).toBeLessThan(day)
      expect(await bench.backend.inspect(spec.name)).toEqual(byId)
    })

    it('tells the token of a sandbox, or no environment at all', async () => {
      const { spec, container } = await bench.create()
      const { environment } = (await bench.backend.inspect(container.id))!
      if (Object.keys(environment).length > 0) expect(environment['SECRET_TOKEN']).toBe(tokenOf(spec))
    })

    it('finds by labels what carries all of them', async () => {
      const { container } = await bench.create({ labels: { colour: 'red', shape: 'round' } })
      const other = await bench.create({ labels: { colour: 'red', shape: 'square' } })
      const find = async (labels: Record<string, string>) =>
        (await collect(bench.backend.list({ ...bench.labels, ...labels }))).map(({ id }) => id).toSorted()
      expect(await find({ colour: 'red', shape: 'round' })).toEqual([container.id])
      expect(await find({ colour: 'red' })).toEqual([container.id, other.container.id].toSorted())
      expect(await find({ colour: 'blue' })).toEqual([])
      expect(await find({ [labelNames.deployment]: 'another' })).toEqual([])
    })

    it('lists stopped sandboxes too', async () => {
      const { spec, container } = await bench.create()
      await bench.backend.stop(container.id, { graceMs: 0 })
      const listed = await bench.listed()
      expect(listed.map(({ name }) => name)).toEqual([spec.name])
      expect(listed[0]?.status).not.toBe('running')
    })

    it('may be left in the middle of a list', async () => {
      await Promise.all([bench.create(), bench.create(), bench.create()])
      for await (const info of bench.backend.list(bench.labels)) {
        await bench.backend.remove(info.id)
        break
      }
      expect(await bench.listed()).toHaveLength(2)
    })
  })
}
