import { chmod, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { asOrdinaryUser } from '../as-ordinary-user.ts'
import { storageBench, type StorageHarness } from './storage-harness.ts'

export function refusalTests(harness: StorageHarness): void {
  describe('what cannot be stored', () => {
    it.each([
      ['empty', ''],
      ['with a NUL byte', 'a\0b'],
      ['leading out', '../outside'],
      ['leading out later', 'a/../../outside'],
      ['absurdly long', 'a/'.repeat(5000)],
    ])('refuses a storage path that is %s', async (_, storagePath) => {
      const { storage, directory } = await storageBench(harness)
      const tree = await directory()
      await expect(storage.upload(tree, storagePath)).rejects.toMatchObject({ code: 'invalid_argument' })
      await expect(storage.download(storagePath, tree)).rejects.toMatchObject({ code: 'invalid_argument' })
    })

    it('passes over what is neither file, directory nor link', async () => {
      const { storage, directory } = await storageBench(harness)
      const source = await directory()
      await writeFile(join(source, 'file'), 'x')
      const server = createServer()
      await new Promise<void>((resolve) => server.listen(join(source, 'socket'), resolve))
      onTestFinished(() => void server.close())
      expect(await storage.upload(source, 'a/tree')).toEqual({ files: 1, bytes: 1, skippedFiles: 1 })
    })

    it('says when a file cannot be read', async () => {
      using _ = asOrdinaryUser()
      const { storage, directory } = await storageBench(harness)
      const source = await directory()
      await writeFile(join(source, 'file'), 'x')
      await chmod(join(source, 'file'), 0)
      await expect(storage.upload(source, 'a/tree')).rejects.toMatchObject({ code: 'storage_unavailable' })
    })

    it('goes on when files vanish or change under it', async () => {
      const { storage, directory } = await storageBench(harness)
      const source = await directory()
      const names = Array.from({ length: 200 }, (_, i) => join(source, `file-${i}`))
      await Promise.all(names.map((name) => writeFile(name, 'x'.repeat(1000))))
      const upload = storage.upload(source, 'a/tree')
      await Promise.all([upload, ...names.map((name, i) => (i % 2 ? rm(name) : writeFile(name, 'changed')))])
      const { files, skippedFiles } = await upload
      expect(files + skippedFiles).toBeLessThanOrEqual(200)
      expect(files).toBeGreaterThanOrEqual(100)
    })
  })
}
