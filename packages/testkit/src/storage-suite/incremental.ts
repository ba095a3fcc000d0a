import { mkdir, readFile, readdir, rm, symlink, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { readTree } from './read-tree.ts'
import { storageBench, type StorageHarness } from './storage-harness.ts'

export function incrementalTests(harness: StorageHarness): void {
  const { links = true } = harness.supports ?? {}

  describe('a further transfer', () => {
    it('copies nothing when nothing changed, in both directions', async () => {
      const { storage, directory } = await storageBench(harness)
      const [source, target] = [await directory(), await directory()]
      await mkdir(join(source, 'dir'))
      for (const name of ['one', 'dir/two', 'dir/three']) await writeFile(join(source, name), name)
      if (links) await symlink('one', join(source, 'dir/link'))
      const count = links ? 4 : 3
      expect((await storage.upload(source, 'a/tree')).files).toBe(count)
      const unchanged = { files: 0, bytes: 0, skippedFiles: count }
      expect(await storage.upload(source, 'a/tree')).toEqual(unchanged)
      expect((await storage.download('a/tree', target)).files).toBe(count)
      expect(await storage.download('a/tree', target)).toEqual(unchanged)
      expect(await storage.upload(target, 'a/tree')).toEqual(unchanged)
    })

    it('copies what changed, and deletes nothing', async () => {
      const { storage, directory } = await storageBench(harness)
      const [source, target] = [await directory(), await directory()]
      for (const name of ['kept', 'longer', 'same-size', 'deleted']) await writeFile(join(source, name), 'before')
      await storage.upload(source, 'a/tree')
      await writeFile(join(source, 'longer'), 'longer than before')
      await writeFile(join(source, 'same-size'), 'after!')
      await utimes(join(source, 'same-size'), 2_000_000_000, 2_000_000_000)
      await rm(join(source, 'deleted'))
      await writeFile(join(source, 'new'), 'new')
      expect(await storage.upload(source, 'a/tree')).toEqual({ files: 3, bytes: 27, skippedFiles: 1 })
      await storage.download('a/tree', target)
      const names = ['deleted', 'kept', 'longer', 'new', 'same-size']
      expect((await readdir(target)).toSorted()).toEqual(names)
      const contents = await Promise.all(names.map((name) => readFile(join(target, name), 'utf8')))
      expect(contents).toEqual(['before', 'before', 'longer than before', 'new', 'after!'])
    })

    it.skipIf(!links)('puts the newer in the place of what has the same name and is something else', async () => {
      const { storage, directory } = await storageBench(harness)
      const [first, second, target, outside] = await Promise.all([directory(), directory(), directory(), directory()])
      await writeFile(join(outside, 'secret'), 'secret')
      const make: Record<string, (path: string) => Promise<unknown>> = {
        file: (path) => writeFile(path, 'file'),
        directory: async (path) => {
          await mkdir(join(path, 'deep'), { recursive: true })
          await writeFile(join(path, 'deep/inner'), 'inner')
        },
        link: (path) => symlink(outside, path),
      }
      for (const before of Object.keys(make)) {
        for (const after of Object.keys(make).filter((kind) => kind !== before)) {
          await make[before]!(join(first, `${before}-${after}`))
          await make[after]!(join(second, `${before}-${after}`))
        }
      }
      await storage.upload(first, 'a/tree')
      await storage.upload(second, 'a/tree')
      await storage.download('a/tree', target)
      expect(await readTree(target)).toEqual(await readTree(second))
      expect(await readdir(outside)).toEqual(['secret'])
    })
  })
}
