import { execFile } from 'node:child_process'
import {
  lstat,
  mkdir,
  mkdtemp,
  readFile,
  readdir,
  rename,
  rm,
  stat,
  symlink,
  truncate,
  writeFile,
} from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, it, onTestFinished } from 'vitest'
import { storageConformance } from '@runtime-sandbox/testkit'
import { createLocalStorage } from './local-storage.ts'

async function scratch(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'storage-local-'))
  onTestFinished(() => rm(directory, { recursive: true, force: true }))
  return directory
}

storageConformance('local', {
  async open() {
    const rootDirectory = await mkdtemp(join(tmpdir(), 'storage-local-'))
    const dispose = () => rm(rootDirectory, { recursive: true, force: true })
    return { storage: createLocalStorage({ rootDirectory }), dispose }
  },
})

const refused = { code: 'invalid_argument' }

describe('storage paths', () => {
  it('are relative to the root, or absolute inside it', async () => {
    const [root, source] = [await scratch(), await scratch()]
    await writeFile(join(source, 'file'), 'x')
    const storage = createLocalStorage({ rootDirectory: root })
    await storage.upload(source, 'one')
    await storage.upload(source, join(root, 'two/three'))
    expect(await readFile(join(root, 'one/file'), 'utf8')).toBe('x')
    expect(await readFile(join(root, 'two/three/file'), 'utf8')).toBe('x')
    expect((await stat(join(root, 'one'))).mode & 0o777).toBe(0o700)
  })

  it.each(['.', '', '..', 'a/..', '/etc', '/', '../storage-local-x', 'a/../../b', './../x'])(
    'that lead to %j are refused, and nothing is made',
    async (storagePath) => {
      const [root, tree] = [await scratch(), await scratch()]
      const storage = createLocalStorage({ rootDirectory: join(root, 'storage') })
      await expect(storage.upload(tree, storagePath)).rejects.toMatchObject(refused)
      await expect(storage.download(storagePath, tree)).rejects.toMatchObject(refused)
      expect([await readdir(root), await readdir(tree)]).toEqual([[], []])
    },
  )

  it('do not lead out through a link that was stored', async () => {
    const [root, tree, outside] = [await scratch(), await scratch(), await scratch()]
    await writeFile(join(outside, 'secret'), 'secret')
    await symlink(outside, join(tree, 'out'))
    const storage = createLocalStorage({ rootDirectory: root })
    await storage.upload(tree, 'a')
    const target = await scratch()
    for (const path of ['a/out', 'a/out/deeper']) {
      await expect(storage.download(path, target)).rejects.toMatchObject(refused)
      await expect(storage.upload(target, path)).rejects.toMatchObject(refused)
    }
    expect([await readdir(target), await readdir(outside)]).toEqual([[], ['secret']])
  })

  it('are refused when they and the workspace lie within each other', async () => {
    const root = await scratch()
    const storage = createLocalStorage({ rootDirectory: root })
    await mkdir(join(root, 'a/b'), { recursive: true })
    for (const [directory, path] of [
      [join(root, 'a'), 'a/b'],
      [join(root, 'a/b'), 'a'],
      [join(root, 'a'), 'a'],
    ] as const) {
      await expect(storage.upload(directory, path)).rejects.toMatchObject(refused)
      await expect(storage.download(path, directory)).rejects.toMatchObject(refused)
    }
  })

  it('are any path of the host where no root is set', async () => {
    const [place, source] = [await scratch(), await scratch()]
    await writeFile(join(source, 'file'), 'x')
    const storage = createLocalStorage()
    await storage.upload(source, join(place, 'a'))
    expect(await readdir(join(place, 'a'))).toEqual(['file'])
    await expect(storage.upload(source, 'a\0b')).rejects.toMatchObject(refused)
  })
})

describe('a hostile workspace', () => {
  it('cannot have the host’s files stored by swapping a directory for a link while it is copied', async () => {
    const [root, source, outside] = [await scratch(), await scratch(), await scratch()]
    await writeFile(join(outside, 'secret'), 'secret')
    const storage = createLocalStorage({ rootDirectory: root })
    for (let i = 0; i < 20; i++) {
      await mkdir(join(source, `dir-${i}`))
      await writeFile(join(source, `dir-${i}`, 'harmless'), 'x')
    }
    for (let round = 0; round < 10; round++) {
      const upload = storage.upload(source, `round-${round}`)
      const progress = { done: false }
      const finished = upload.finally(() => (progress.done = true))
      for (let i = 0; !progress.done; i = (i + 1) % 20) {
        const path = join(source, `dir-${i}`)
        await rename(path, `${path}.away`)
        await symlink(outside, path)
        await rm(path)
        await rename(`${path}.away`, path)
      }
      await finished
    }
    const { stdout } = await promisify(execFile)('find', [root, '-name', 'secret'])
    expect(stdout).toBe('')
  })

  it('cannot hold up the transfer with a pipe, nor fill the disk with a hole', async () => {
    const [root, source] = [await scratch(), await scratch()]
    await promisify(execFile)('mkfifo', [join(source, 'pipe')])
    await writeFile(join(source, 'hole'), 'begin')
    await truncate(join(source, 'hole'), 64 * 2 ** 20)
    const storage = createLocalStorage({ rootDirectory: root })
    expect(await storage.upload(source, 'a')).toMatchObject({ files: 1, skippedFiles: 1 })
    const copy = await stat(join(root, 'a/hole'))
    expect(copy.size).toBe(64 * 2 ** 20)
    expect(copy.blocks * 512).toBeLessThan(2 ** 20)
  })

  it('is refused when it is absurdly deep, with all handles closed', async () => {
    const [root, source] = [await scratch(), await scratch()]
    await mkdir(join(source, 'd/'.repeat(300)), { recursive: true })
    const storage = createLocalStorage({ rootDirectory: root })
    const before = (await readdir('/proc/self/fd')).length
    await expect(storage.upload(source, 'a')).rejects.toMatchObject(refused)
    expect((await readdir('/proc/self/fd')).length).toBeLessThanOrEqual(before)
  })
})

describe('failures', () => {
  it('tell the cause to the operator and no path to the client', async () => {
    const [root, source] = [await scratch(), await scratch()]
    await writeFile(join(source, 'file'), 'x')
    await writeFile(join(root, 'blocked'), '')
    const storage = createLocalStorage({ rootDirectory: join(root, 'blocked/storage') })
    const error: unknown = await storage.upload(source, 'a').catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ code: expect.stringMatching(/invalid_argument|storage_unavailable/) })
    expect((error as Error).message).not.toContain(root)
    await expect(storage.upload(join(source, 'file'), 'a')).rejects.toMatchObject({ code: 'storage_unavailable' })
  })

  it('leave no half-written file, and pass over one that a killed process left', async () => {
    const [root, source] = [await scratch(), await scratch()]
    const storage = createLocalStorage({ rootDirectory: root })
    await writeFile(join(source, 'file'), 'x')
    await storage.upload(source, 'a')
    await writeFile(join(root, `a/.runtime-sandbox-${'0'.repeat(24)}.partial`), 'half')
    const target = await scratch()
    await storage.download('a', target)
    expect(await readdir(target)).toEqual(['file'])
    const controller = new AbortController()
    await writeFile(join(source, 'large'), Buffer.alloc(2 ** 24))
    const upload = storage.upload(source, 'b', { signal: controller.signal })
    await expect.poll(() => readdir(join(root, 'b')).catch(() => []), { interval: 1 }).not.toEqual([])
    controller.abort(new Error('enough'))
    await upload.catch(() => {})
    const left = (await readdir(join(root, 'b'))).filter((name) => name.endsWith('.partial'))
    expect(left).toEqual([])
  })

  // Only root may give files away.
  it.skipIf(process.getuid?.() !== 0)('keep who owns what, where the server is root', async () => {
    const [root, source] = [await scratch(), await scratch()]
    await promisify(execFile)('install', ['-o', '1234', '-g', '2345', '/dev/null', join(source, 'file')])
    await createLocalStorage({ rootDirectory: root }).upload(source, 'a')
    expect(await lstat(join(root, 'a/file'))).toMatchObject({ uid: 1234, gid: 2345 })
  })
})
