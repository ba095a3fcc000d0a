import { execFileSync } from 'node:child_process'
import { chmod, mkdir, mkdtemp, readdir, rm, stat, symlink, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { SocketDirectories } from './socket-directories.ts'

let base: string
let parent: string
beforeEach(async () => {
  base = await mkdtemp(path.join(os.tmpdir(), 'docker-socket-'))
  parent = path.join(base, 'sockets')
})
afterEach(() => rm(base, { recursive: true, force: true }))

const modeOf = async (file: string) => ((await stat(file)).mode & 0o777).toString(8)
const refusal = (why: string) => ({ code: 'not_supported', message: expect.stringContaining(why) as string })

it('makes a directory that any user inside may write, and none outside may enter', async () => {
  const sockets = new SocketDirectories(parent)
  expect(await sockets.make('box')).toBe(path.join(parent, 'box'))
  expect(sockets.socketOf('box')).toBe(path.join(parent, 'box', 'runtime.sock'))
  expect(await modeOf(path.join(parent, 'box'))).toBe('777')
  expect(await modeOf(parent)).toBe('700')
})

it('finds the directory of a container that is gone by its id, also after a restart', async () => {
  const sockets = new SocketDirectories(parent)
  expect(await sockets.nameOf('id-1')).toBeUndefined()
  for (const name of ['box-1', 'box-2']) {
    await sockets.make(name)
    await sockets.assign(name, name.replace('box', 'id'))
  }
  expect(await new SocketDirectories(parent).nameOf('id-2')).toBe('box-2')
  await sockets.remove('box-1')
  await sockets.remove('box-1')
  expect(await sockets.nameOf('id-1')).toBeUndefined()
  await sockets.remove('box-2')
  expect(await readdir(parent)).toEqual([])
})

it.each(['', '.', '..', '../other', 'a/b', '/'])('deletes nothing for the name %j', async (name) => {
  const sockets = new SocketDirectories(parent)
  await sockets.make('box')
  await mkdir(path.join(base, 'other'))
  await sockets.remove(name)
  expect(await readdir(parent)).toEqual(['box'])
  expect(await readdir(base)).toEqual(['other', 'sockets'])
})

describe('what a sandbox left', () => {
  it('is deleted without following links', async () => {
    const sockets = new SocketDirectories(parent)
    const directory = await sockets.make('box')
    await writeFile(path.join(base, 'precious'), 'x')
    await symlink(base, path.join(directory, 'runtime.sock'))
    await sockets.remove('box')
    expect((await readdir(base)).toSorted()).toEqual(['precious', 'sockets'])
  })

  it('is deleted however deep it is nested', { timeout: 20_000 }, async () => {
    const sockets = new SocketDirectories(parent)
    const directory = await sockets.make('box')
    const program = `import os\nos.chdir(${JSON.stringify(directory)})\nfor _ in range(60):\n  os.mkdir("d" * 200)\n  os.chdir("d" * 200)`
    execFileSync('python3', ['-c', program])
    await sockets.remove('box')
    expect(await readdir(parent)).toEqual([])
  })
})

describe('a place that will not do is refused, and told by the name of its setting', () => {
  it('one that other users may enter', async () => {
    await mkdir(parent)
    for (const mode of [0o755, 0o777, 0o710]) {
      await chmod(parent, mode)
      await expect(new SocketDirectories(parent).make('box')).rejects.toMatchObject(refusal('DOCKER_SOCKET_DIR'))
    }
    expect(await readdir(parent)).toEqual([])
  })

  it.skipIf(process.getuid?.() !== 0)('one of another user', async () => {
    await mkdir(parent, { mode: 0o700 })
    execFileSync('chown', ['12345', parent])
    await expect(new SocketDirectories(parent).make('box')).rejects.toMatchObject(refusal('another user'))
  })

  it('one that cannot be made', async () => {
    await writeFile(parent, '')
    await expect(new SocketDirectories(parent).make('box')).rejects.toMatchObject(refusal('DOCKER_SOCKET_DIR'))
  })

  it('one whose sockets would have too long a path', async () => {
    const deep = path.join(parent, 'x'.repeat(80))
    await expect(new SocketDirectories(deep).make('box')).rejects.toMatchObject(refusal('too long'))
    await expect(readdir(parent)).rejects.toMatchObject({ code: 'ENOENT' })
  })
})
