import { randomBytes } from 'node:crypto'
import { mkdir, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { readTree } from './read-tree.ts'
import { storageBench, type StorageHarness } from './storage-harness.ts'

const largeBytes = 64 * 2 ** 20

async function writeMany(directory: string): Promise<void> {
  for (let folder = 0; folder < 20; folder++) {
    const path = join(directory, `folder-${folder}`)
    await mkdir(path)
    await Promise.all(Array.from({ length: 50 }, (_, i) => writeFile(join(path, `file-${i}`), randomBytes(100 + i))))
  }
}

/** The most memory that buffers took while `work` went on, beyond what they took before. */
async function buffersDuring(work: () => Promise<unknown>): Promise<number> {
  const taken = () => process.memoryUsage().arrayBuffers
  const before = taken()
  let most = 0
  const sampler = setInterval(() => (most = Math.max(most, taken() - before)), 1)
  try {
    await work()
  } finally {
    clearInterval(sampler)
  }
  return most
}

export function bulkTests(harness: StorageHarness): void {
  describe('amounts', () => {
    it('moves a thousand small files', async () => {
      const { storage, directory } = await storageBench(harness)
      const [source, target] = [await directory(), await directory()]
      await writeMany(source)
      expect((await storage.upload(source, 'a/tree')).files).toBe(1000)
      expect((await storage.download('a/tree', target)).files).toBe(1000)
      expect(await readTree(target)).toEqual(await readTree(source))
    })

    it('moves a file of 64 MiB without holding it in memory', async () => {
      const { storage, directory } = await storageBench(harness)
      const [source, target] = [await directory(), await directory()]
      await writeFile(join(source, 'large'), Buffer.alloc(largeBytes, randomBytes(4096)))
      const most = await buffersDuring(async () => {
        expect(await storage.upload(source, 'a/tree')).toMatchObject({ files: 1, bytes: largeBytes })
        expect(await storage.download('a/tree', target)).toMatchObject({ files: 1, bytes: largeBytes })
      })
      expect(most).toBeLessThan(largeBytes / 2)
      expect(await readTree(target)).toEqual(await readTree(source))
    })

    it('stops when its caller aborts, leaves nothing half-written, and can go on later', async () => {
      const { storage, directory } = await storageBench(harness)
      const [source, partly, target] = [await directory(), await directory(), await directory()]
      await writeMany(source)
      const controller = new AbortController()
      const reason = new Error('enough')
      const upload = storage.upload(source, 'a/tree', { signal: controller.signal })
      setImmediate(() => controller.abort(reason))
      await expect(upload).rejects.toBe(reason)
      await storage.download('a/tree', partly)
      const whole = await readTree(source)
      for (const [path, entry] of Object.entries(await readTree(partly))) {
        if (entry.type === 'file') expect(entry, path).toEqual(whole[path])
      }
      await storage.upload(source, 'a/tree')
      await storage.download('a/tree', target)
      expect(await readTree(target)).toEqual(whole)
    })

    it('does not begin for a caller that has aborted', async () => {
      const { storage, directory } = await storageBench(harness)
      const [source, target] = [await directory(), await directory()]
      await writeFile(join(source, 'file'), 'x')
      const reason = new Error('enough')
      const signal = AbortSignal.abort(reason)
      await expect(storage.upload(source, 'a/tree', { signal })).rejects.toBe(reason)
      await expect(storage.download('a/tree', target, { signal })).rejects.toBe(reason)
      await storage.download('a/tree', target)
      expect(await readdir(target)).toEqual([])
    })
  })
}
