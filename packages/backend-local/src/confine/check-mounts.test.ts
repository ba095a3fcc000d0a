import { mkdir, mkdtemp, realpath, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { checkMounts } from './check-mounts.ts'

const refused = expect.objectContaining({ code: 'mount_refused' })

async function setUp() {
  const parent = await realpath(await mkdtemp(join(tmpdir(), 'mounts-')))
  onTestFinished(() => rm(parent, { recursive: true }))
  const stateDirectory = join(parent, 'state')
  const directory = join(parent, 'directory')
  await Promise.all([mkdir(stateDirectory), mkdir(directory), writeFile(join(parent, 'file'), '')])
  const check = (source: string, target = '/data', readOnly = true) =>
    checkMounts([{ source, target, readOnly }], { stateDirectory })
  return { parent, stateDirectory, directory, check }
}

describe('checkMounts', () => {
  it('resolves links, so that what was checked is what is mounted', async () => {
    const { parent, directory, check } = await setUp()
    await symlink(directory, join(parent, 'link'))
    expect(await check(join(parent, 'link'))).toEqual([{ source: directory, target: '/data', readOnly: true }])
  })

  it('takes a file only for reading', async () => {
    const { parent, check } = await setUp()
    await expect(check(join(parent, 'file'))).resolves.toHaveLength(1)
    await expect(check(join(parent, 'file'), '/data', false)).rejects.toThrow(refused)
  })

  it('refuses what is not there', async () => {
    const { parent, check } = await setUp()
    await expect(check(join(parent, 'nothing'))).rejects.toThrow(refused)
    await expect(check(`${parent}\0`)).rejects.toThrow(refused)
  })

  it.each(['/', '/var', '/proc/self', '/sys/fs', '/dev/shm', '/run'])('refuses %s', async (source) => {
    const { check } = await setUp()
    await expect(check(source)).rejects.toThrow(refused)
  })

  it.each(['/etc', '/usr/share', '/home', '/root', '/tmp', '/opt'])('refuses to make %s writable', async (source) => {
    const { check } = await setUp()
    await expect(check(source, '/data', false)).rejects.toThrow(refused)
  })

  it('refuses its own directory, what is in it and what holds it', async () => {
    const { parent, stateDirectory, check } = await setUp()
    await mkdir(join(stateDirectory, 'sandboxes'))
    for (const source of [parent, stateDirectory, join(stateDirectory, 'sandboxes')]) {
      await expect(check(source), source).rejects.toThrow(refused)
    }
  })

  it.each(['relative', '/', '/proc/x', '/usr/local', '/a/../b', '/a/', '/opt', '/opt/runtime-sandbox/lib', '/run'])(
    'refuses the target %s',
    async (target) => {
      const { directory, check } = await setUp()
      await expect(check(directory, target)).rejects.toThrow(refused)
    },
  )

  it('refuses a mount in a mount: who writes to the outer one would choose where the inner one goes', async () => {
    const { directory, stateDirectory } = await setUp()
    const mount = (target: string) => ({ source: directory, target, readOnly: false })
    for (const targets of [
      ['/workspace', '/workspace/data'],
      ['/workspace/data', '/workspace'],
      ['/a', '/a'],
    ]) {
      await expect(checkMounts(targets.map(mount), { stateDirectory })).rejects.toThrow(refused)
    }
    await expect(checkMounts(['/a', '/ab'].map(mount), { stateDirectory })).resolves.toHaveLength(2)
  })
})
