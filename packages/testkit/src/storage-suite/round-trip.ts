import { chmod, lstat, mkdir, readdir, readFile, symlink, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { readTree } from './read-tree.ts'
import { storageBench, type StorageHarness } from './storage-harness.ts'

const oddNames = [
  'plain.txt',
  'with space',
  '-rf',
  '--help',
  'new\nline',
  'tab\tand"quote\'s',
  'ünïcödé-😀-日本',
  'back\\slash',
  'per%20cent+plus#hash?query',
  '*',
  '~',
  '.hidden',
  '...',
  'trailing.',
  ' ',
  'x'.repeat(200),
  '__proto__',
]

export function roundTripTests(harness: StorageHarness): void {
  const { modes = true, links = true, byteNames = true } = harness.supports ?? {}

  describe('round trip', () => {
    it('brings back a tree as it was, whatever its names', async () => {
      const { storage, directory } = await storageBench(harness)
      const [source, target] = [await directory(), await directory()]
      for (const name of oddNames) {
        await writeFile(join(source, name), `content of ${name}`)
        await mkdir(join(source, `dir ${name}`.slice(0, 200)))
        await writeFile(join(source, `dir ${name}`.slice(0, 200), name), name)
      }
      await writeFile(join(source, 'empty'), '')
      await writeFile(join(source, 'binary'), Buffer.from(Array.from({ length: 256 }, (_, byte) => byte)))
      await utimes(join(source, 'plain.txt'), 1_000_000_000, 1_000_000_000.5)
      const uploaded = await storage.upload(source, 'a/tree')
      expect(uploaded).toMatchObject({ files: oddNames.length * 2 + 2, skippedFiles: 0 })
      const downloaded = await storage.download('a/tree', target)
      expect(downloaded).toEqual(uploaded)
      expect(await readTree(target)).toEqual(await readTree(source))
    })

    it('keeps empty directories', async () => {
      const { storage, directory } = await storageBench(harness)
      const [source, target] = [await directory(), await directory()]
      await mkdir(join(source, 'a/b/c'), { recursive: true })
      await storage.upload(source, 'a/tree')
      await storage.download('a/tree', target)
      expect(Object.keys(await readTree(target))).toEqual(['a', 'a/b', 'a/b/c'])
    })

    it.skipIf(!modes)('keeps permissions, but never those that change the user', async () => {
      const { storage, directory } = await storageBench(harness)
      const [source, target] = [await directory(), await directory()]
      for (const mode of [0o600, 0o644, 0o755, 0o400, 0o777]) {
        await writeFile(join(source, mode.toString(8)), '')
        await chmod(join(source, mode.toString(8)), mode)
      }
      await mkdir(join(source, 'closed'))
      await writeFile(join(source, 'closed/file'), '')
      await chmod(join(source, 'closed'), 0o555)
      await storage.upload(source, 'a/tree')
      await storage.download('a/tree', target)
      expect(await readTree(target)).toEqual(await readTree(source))
      await writeFile(join(source, 'setuid'), '')
      await chmod(join(source, 'setuid'), 0o6755)
      await storage.upload(source, 'a/tree')
      await storage.download('a/tree', target)
      expect((await lstat(join(target, 'setuid'))).mode & 0o7777).toBe(0o755)
      // A closed directory takes what is new in it, and can be opened again.
      await chmod(join(source, 'closed'), 0o755)
      await writeFile(join(source, 'closed/later'), '')
      await storage.upload(source, 'a/tree')
      await storage.download('a/tree', target)
      expect(await readTree(target)).toMatchObject({ closed: { mode: 0o755 }, 'closed/later': { type: 'file' } })
    })

    it.skipIf(!links)('keeps links as links and follows none', async () => {
      const { storage, directory } = await storageBench(harness)
      const [source, target, outside] = [await directory(), await directory(), await directory()]
      await writeFile(join(outside, 'secret'), 'secret')
      await mkdir(join(source, 'dir'))
      await writeFile(join(source, 'dir/file'), 'x')
      const given = {
        dangling: 'nowhere',
        inside: 'dir/file',
        'to-directory': 'dir',
        'to-secret': join(outside, 'secret'),
        'to-outside': outside,
        loop: 'loop',
      }
      for (const [name, leadsTo] of Object.entries(given)) await symlink(leadsTo, join(source, name))
      await storage.upload(source, 'a/tree')
      await storage.download('a/tree', target)
      expect(await readTree(target)).toEqual(await readTree(source))
      expect(await readdir(outside)).toEqual(['secret'])
    })

    it.skipIf(!byteNames)('keeps names that are no UTF-8', async () => {
      const { storage, directory } = await storageBench(harness)
      const [source, target] = [await directory(), await directory()]
      const odd = Buffer.concat([Buffer.from(`${source}/`), Buffer.from([0xff, 0xfe, 0x20, 0xc3])])
      await mkdir(odd)
      await writeFile(Buffer.concat([odd, Buffer.from([0x2f, 0x80])]), 'x')
      await storage.upload(source, 'a/tree')
      await storage.download('a/tree', target)
      expect(await readTree(target)).toEqual(await readTree(source))
    })

    it('takes what was never stored, or is not there, for empty', async () => {
      const { storage, directory } = await storageBench(harness)
      const parent = await directory()
      const nothing = { files: 0, bytes: 0, skippedFiles: 0 }
      expect(await storage.download('never/stored', join(parent, 'made/for/it'))).toEqual(nothing)
      expect(await readdir(join(parent, 'made/for/it'))).toEqual([])
      expect(await storage.upload(join(parent, 'missing'), 'a/tree')).toEqual(nothing)
      expect(await storage.download('a/tree', join(parent, 'again'))).toEqual(nothing)
    })

    it('keeps places apart whose names begin alike', async () => {
      const { storage, directory } = await storageBench(harness)
      for (const name of ['a/1', 'a/10', 'a/1x', 'a/1.d']) {
        const source = await directory()
        await writeFile(join(source, 'file'), name)
        await writeFile(join(source, `of-${name.replace('/', '-')}`), '')
        await storage.upload(source, name)
      }
      const target = await directory()
      await storage.download('a/1', target)
      expect((await readdir(target)).toSorted()).toEqual(['file', 'of-a-1'])
      expect(await readFile(join(target, 'file'), 'utf8')).toBe('a/1')
    })
  })
}
