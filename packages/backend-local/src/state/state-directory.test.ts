import { chmod, lstat, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { SandboxDirectory } from './sandbox-directory.ts'
import { StateDirectory, freeUserId, leaseUserId } from './state-directory.ts'

const unavailable = expect.objectContaining({ code: 'engine_unavailable' })

async function temporary(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'state-'))
  onTestFinished(() => rm(directory, { recursive: true, force: true }))
  return directory
}

describe('StateDirectory', () => {
  it('is passed through by sandboxes of other users, and listed by nobody', async () => {
    const path = join(await temporary(), 'state')
    await new StateDirectory(path, { root: true }).prepare()
    expect((await lstat(path)).mode & 0o777).toBe(0o711)
    await new StateDirectory(path, { root: false }).prepare()
    expect((await lstat(path)).mode & 0o777).toBe(0o700)
    expect(await readFile(join(path, 'etc/passwd'), 'utf8')).toMatch(/^sandbox:x:1000:1000:/)
  })

  it('is refused when others may write to it, or when it is a link', async () => {
    const parent = await temporary()
    const open = join(parent, 'open')
    await mkdir(open)
    await chmod(open, 0o777)
    await expect(new StateDirectory(open, { root: true }).prepare()).rejects.toThrow(unavailable)
    await symlink(parent, join(parent, 'link'))
    await expect(new StateDirectory(join(parent, 'link'), { root: true }).prepare()).rejects.toThrow(unavailable)
  })

  it('is refused when the path of a socket in it would be too long', async () => {
    const path = join(await temporary(), 'x'.repeat(80))
    await expect(new StateDirectory(path, { root: true }).prepare()).rejects.toThrow(/too long/)
  })
})

describe('user ids', () => {
  it('are given to one at a time', async () => {
    const directory = await temporary()
    const leases = await Promise.all(Array.from({ length: 20 }, () => leaseUserId(directory, 5000, 20)))
    expect(new Set(leases).size).toBe(20)
    await expect(leaseUserId(directory, 5000, 20)).rejects.toMatchObject({ code: 'sandbox_start_failed' })
    await freeUserId(directory, 5007)
    await freeUserId(directory, 5007)
    expect(await leaseUserId(directory, 5000, 20)).toBe(5007)
  })
})

describe('SandboxDirectory', () => {
  async function made(): Promise<SandboxDirectory> {
    const directory = new SandboxDirectory(await temporary(), 'a')
    await directory.make()
    await directory.openShared(undefined)
    return directory
  }

  it('pins the socket of the runtime', async () => {
    const directory = await made()
    expect(await directory.pinSocket()).toBe(false)
    const server = createServer()
    await new Promise<void>((resolve) => server.listen(join(directory.shared, 'runtime.sock'), resolve))
    onTestFinished(() => void server.close())
    expect(await directory.pinSocket()).toBe(true)
    expect((await lstat(directory.socket)).isSocket()).toBe(true)
  })

  it('does not take a link, or anything else, for the socket', async () => {
    const directory = await made()
    const place = join(directory.shared, 'runtime.sock')
    await symlink('/var/run/docker.sock', place)
    await expect(directory.pinSocket()).rejects.toThrow('something else')
    await rm(place)
    await writeFile(place, '')
    await expect(directory.pinSocket()).rejects.toThrow('something else')
    await expect(lstat(directory.socket)).rejects.toMatchObject({ code: 'ENOENT' })
  })

  it('recalls nothing of a record that it cannot read', async () => {
    const directory = await made()
    expect(await directory.recall()).toBeUndefined()
    await writeFile(join(directory.path, 'own/sandbox.json'), '{"id": 7}')
    expect(await directory.recall()).toBeUndefined()
  })
})
