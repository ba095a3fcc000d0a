import { lstat, mkdtemp, readdir, readFile, rm, symlink, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { copyFile } from './copy-file.ts'
import { Directory } from './directory.ts'

async function openScratch(): Promise<{ path: string; directory: Directory }> {
  const path = await mkdtemp(join(tmpdir(), 'storage-local-'))
  const directory = await Directory.open(Buffer.from(path))
  onTestFinished(async () => {
    await directory[Symbol.asyncDispose]()
    await rm(path, { recursive: true, force: true })
  })
  return { path, directory }
}

const { signal } = new AbortController()

describe('copyFile', () => {
  // It was a file when the directory was read.
  it('does not follow a link that took the place of a file, nor miss that the file is gone', async () => {
    const [source, target] = [await openScratch(), await openScratch()]
    await symlink('/etc/passwd', join(source.path, 'link'))
    for (const name of ['link', 'gone']) {
      expect(await copyFile(source.directory, target.directory, { name: Buffer.from(name), signal })).toBeUndefined()
    }
    expect(await readdir(target.path)).toEqual([])
  })

  it('keeps a hole at the end, and what lies between holes', async () => {
    const [source, target] = [await openScratch(), await openScratch()]
    const path = join(source.path, 'sparse')
    await writeFile(path, 'begin')
    await truncate(path, 2 ** 20)
    await writeFile(path, 'middle', { flag: 'a' })
    await truncate(path, 2 ** 22)
    expect(await copyFile(source.directory, target.directory, { name: Buffer.from('sparse'), signal })).toBe(2 ** 22)
    expect((await readFile(join(target.path, 'sparse'))).equals(await readFile(path))).toBe(true)
  })

  it('removes what it wrote when it is aborted', async () => {
    const [source, target] = [await openScratch(), await openScratch()]
    await writeFile(join(source.path, 'file'), 'x')
    const options = { name: Buffer.from('file'), signal: AbortSignal.abort(new Error('enough')) }
    await expect(copyFile(source.directory, target.directory, options)).rejects.toThrow('enough')
    expect(await readdir(target.path)).toEqual([])
  })
})

describe('Directory', () => {
  it('opens no link as a child', async () => {
    const { path, directory } = await openScratch()
    await symlink('/etc', join(path, 'link'))
    await expect(directory.openChild(Buffer.from('link'))).rejects.toMatchObject({
      code: expect.stringMatching(/ENOTDIR|ELOOP/),
    })
    await expect(directory.makeChild(Buffer.from('link'))).rejects.toMatchObject({
      code: expect.stringMatching(/ENOTDIR|ELOOP/),
    })
    expect((await lstat(join(path, 'link'))).isSymbolicLink()).toBe(true)
  })
})
