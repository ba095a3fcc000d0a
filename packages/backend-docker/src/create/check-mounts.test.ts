import { mkdir, mkdtemp, rm, symlink } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { checkMounts } from './check-mounts.ts'

let directory: string
const inside = (name: string) => path.join(directory, name)

beforeAll(async () => {
  directory = await mkdtemp(path.join(os.tmpdir(), 'docker-mounts-'))
  await mkdir(inside('data/deep'), { recursive: true })
  await mkdir(inside('sockets/box'), { recursive: true })
  await symlink('/proc', inside('link-to-proc'))
  await symlink(inside('sockets'), inside('link-to-sockets'))
  await symlink(inside('data'), inside('link-to-data'))
})
afterAll(() => rm(directory, { recursive: true, force: true }))

function check(source: string, { target = '/data', readOnly = true, onThisMachine = true, reserved = [''] } = {}) {
  const options = { onThisMachine, reserved: reserved.filter((file) => file !== '') }
  return checkMounts([{ source, target, readOnly }], options)
}

const refusal = (why: string) => ({ code: 'mount_refused', message: expect.stringContaining(why) as string })

it('takes a directory of the host, also by a link', async () => {
  await expect(check(inside('data'), { readOnly: false })).resolves.toBeUndefined()
  await expect(check(inside('link-to-data'), { readOnly: false })).resolves.toBeUndefined()
  await expect(checkMounts([], { onThisMachine: true, reserved: [] })).resolves.toBeUndefined()
})

it.each(['/', '/proc', '/sys/fs', '/dev', '/run', '/var/run/docker.sock', '/var/lib/docker', '/tmp/..', '/var'])(
  'refuses %s',
  async (source) => {
    await expect(check(source)).rejects.toMatchObject(refusal('belongs to the system'))
  },
)

it('refuses the system’s own directories where they could be written', async () => {
  await check('/etc')
  await expect(check('/etc', { readOnly: false })).rejects.toMatchObject(refusal('belongs to the system'))
  await expect(check('/tmp', { readOnly: false })).rejects.toMatchObject(refusal('belongs to the system'))
})

it('refuses what leads there, what is not there, and what has no absolute path', async () => {
  await expect(check(inside('link-to-proc'))).rejects.toMatchObject(refusal('belongs to the system'))
  await expect(check(inside('nothing'))).rejects.toMatchObject(refusal('does not exist'))
  await expect(check('data')).rejects.toMatchObject(refusal('absolute'))
  await expect(check(inside('data'), { target: 'data' })).rejects.toMatchObject(refusal('absolute'))
})

describe('what is reserved', () => {
  const why = 'belongs to the engine or to the server'

  it.each(['sockets', 'sockets/box', 'link-to-sockets', '.'])('is refused: %s', async (name) => {
    const reserved = [inside('sockets'), '/no/such/socket']
    await expect(check(path.join(directory, name), { reserved })).rejects.toMatchObject(refusal(why))
    await check(inside('data'), { reserved })
  })

  it('is refused by any of its names', async () => {
    const reserved = [inside('link-to-sockets')]
    await expect(check(inside('sockets'), { reserved })).rejects.toMatchObject(refusal(why))
  })
})

it('judges the spelling alone when the engine is elsewhere', async () => {
  await check('/srv/only/there', { onThisMachine: false })
  await expect(check('/srv/../proc', { onThisMachine: false })).rejects.toMatchObject(refusal('system'))
  await expect(
    check('/data/docker/volumes', { onThisMachine: false, reserved: ['/data/docker'] }),
  ).rejects.toMatchObject(refusal('engine'))
})
