import { createServer } from 'node:net'
import { mkdir, mkdtemp, realpath, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { guardMount } from './mount-guard.ts'

let base: string
beforeAll(async () => {
  base = await realpath(await mkdtemp(join(tmpdir(), 'mounts-')))
  await mkdir(join(base, 'data'))
  await mkdir(join(base, 'workspaces', 's1'), { recursive: true })
  await writeFile(join(base, 'file'), '')
})
afterAll(() => rm(base, { recursive: true, force: true }))

const writable = (path: string) => guardMount(path, { readOnly: false, workspaceRoot: join(base, 'workspaces') })
const readOnly = (path: string) => guardMount(path, { readOnly: true, workspaceRoot: null })
const refused = (reason: RegExp) => ({ code: 'mount_refused', message: expect.stringMatching(reason) })

describe('guardMount', () => {
  it('gives the real path', async () => {
    await symlink(join(base, 'data'), join(base, 'link'))
    expect(await writable(join(base, 'link', '..', 'data'))).toBe(join(base, 'data'))
    expect(await writable(join(base, 'link'))).toBe(join(base, 'data'))
  })

  it.each([
    '/',
    '//',
    '/proc',
    '/proc/self',
    '/sys/kernel',
    '/dev',
    '/dev/shm',
    '/run',
    '/var/run',
    '/boot',
    '/var',
    '/var/lib',
  ])('never mounts %s, not even read-only', async (path) => {
    await expect(writable(path)).rejects.toMatchObject({ code: 'mount_refused' })
    await expect(readOnly(path)).rejects.toMatchObject({ code: 'mount_refused' })
  })

  it.each(['/etc', '/etc/ssl', '/usr', '/usr/share', '/bin', '/home', '/root', '/tmp', '/opt'])(
    'does not mount %s writable',
    async (path) => {
      await expect(writable(path)).rejects.toMatchObject(refused(/system/))
    },
  )

  it('mounts what the operator shares read-only', async () => {
    expect(await readOnly('/usr/share')).toBe('/usr/share')
    expect(await readOnly(join(base, 'file'))).toBe(join(base, 'file'))
  })

  it('is not fooled by a link', async () => {
    await symlink('/', join(base, 'to-root'))
    await symlink('/proc', join(base, 'to-proc'))
    await expect(writable(join(base, 'to-root'))).rejects.toMatchObject(refused(/system/))
    await expect(writable(join(base, 'to-root', 'etc'))).rejects.toMatchObject(refused(/system/))
    await expect(readOnly(join(base, 'to-proc'))).rejects.toMatchObject(refused(/system/))
  })

  it('refuses what is not there, not absolute, or not a directory', async () => {
    await expect(writable(join(base, 'missing'))).rejects.toMatchObject(refused(/does not exist/))
    await expect(writable('data')).rejects.toMatchObject(refused(/absolute/))
    await expect(writable(`${base}\0/data`)).rejects.toMatchObject(refused(/absolute/))
    await expect(writable(join(base, 'file'))).rejects.toMatchObject(refused(/not a directory/))
  })

  it("refuses other sandboxes' workspaces, and what contains them", async () => {
    await expect(writable(join(base, 'workspaces'))).rejects.toMatchObject(refused(/workspaces of other/))
    await expect(writable(join(base, 'workspaces', 's1'))).rejects.toMatchObject(refused(/workspaces of other/))
    await expect(writable(base)).rejects.toMatchObject(refused(/workspaces of other/))
  })

  it("refuses a socket, and a directory that holds an engine's", async () => {
    const home = join(base, 'home')
    await mkdir(join(home, '.docker', 'run'), { recursive: true })
    const server = createServer()
    await new Promise<void>((resolve) => void server.listen(join(home, '.docker', 'run', 'docker.sock'), resolve))
    await expect(writable(home)).rejects.toMatchObject(refused(/socket of a container engine/))
    await expect(readOnly(join(home, '.docker', 'run', 'docker.sock'))).rejects.toMatchObject(
      refused(/not a directory/),
    )
    await new Promise((resolve) => server.close(resolve))
  })
})
