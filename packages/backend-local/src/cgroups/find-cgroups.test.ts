import { mkdtemp, rm } from 'node:fs/promises'
import { readdir } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { findCgroups, parseMembership, parseMounts } from './find-cgroups.ts'
import { limitSettings } from './sandbox-cgroups.ts'

const mountinfo = `31 23 0:28 / /sys/fs/cgroup rw,relatime - tmpfs tmpfs rw,mode=755
32 31 0:29 / /sys/fs/cgroup/cpu,cpuacct rw,relatime shared:9 - cgroup cgroup rw,cpu,cpuacct
35 31 0:32 /docker/abc /sys/fs/cgroup/memory ro,relatime - cgroup cgroup rw,memory
41 31 0:38 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw,nsdelegate
`

describe('cgroups of a machine', () => {
  it('are read from the tables of the kernel', () => {
    expect(parseMounts(mountinfo)).toEqual([
      { version: 1, mountPoint: '/sys/fs/cgroup/cpu,cpuacct', root: '/', controllers: ['rw', 'cpu', 'cpuacct'] },
      { version: 1, mountPoint: '/sys/fs/cgroup/memory', root: '/docker/abc', controllers: ['rw', 'memory'] },
      { version: 2, mountPoint: '/sys/fs/cgroup/unified', root: '/', controllers: [] },
    ])
    expect([...parseMembership('4:cpu,cpuacct:/a\n1:name=systemd:/b\n0::/c:d\n')]).toEqual([
      ['cpu', '/a'],
      ['cpuacct', '/a'],
      ['name=systemd', '/b'],
      ['', '/c:d'],
    ])
  })

  it('are not found where none can be made', () => {
    expect(findCgroups({ mountinfo: '', membership: '' })).toEqual([])
    expect(findCgroups({ mountinfo: mountinfo.replaceAll('/sys/fs', '/nonexistent'), membership: '' })).toEqual([])
    expect(findCgroups({ configured: 'none' })).toEqual([])
  })

  it('are nowhere but in a file system of cgroups', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'no-cgroup-'))
    onTestFinished(() => rm(directory, { recursive: true }))
    for (const configured of [directory, '/nonexistent']) {
      expect(() => findCgroups({ configured })).toThrow(expect.objectContaining({ code: 'engine_unavailable' }))
    }
    expect(await readdir(directory)).toEqual([])
  })
})

describe('limitSettings', () => {
  const limits = { memoryBytes: 4096, cpus: 0.5, pids: 7 }
  const hierarchy = { parent: '/cg', controllers: ['memory', 'cpu', 'pids'] as const }

  it('are written in the order that the kernel takes', () => {
    expect(limitSettings({ ...hierarchy, version: 1 }, limits)).toEqual([
      ['memory.limit_in_bytes', '4096'],
      ['memory.memsw.limit_in_bytes', '4096', 'optional'],
      ['cpu.cfs_period_us', '100000'],
      ['cpu.cfs_quota_us', '50000'],
      ['pids.max', '7'],
    ])
    expect(limitSettings({ ...hierarchy, version: 2 }, limits)).toEqual([
      ['memory.max', '4096'],
      ['memory.swap.max', '0', 'optional'],
      ['cpu.max', '50000 100000'],
      ['pids.max', '7'],
    ])
  })

  it('are those of the controllers that the hierarchy has', () => {
    expect(limitSettings({ ...hierarchy, controllers: ['pids'], version: 1 }, limits)).toEqual([['pids.max', '7']])
    expect(limitSettings({ ...hierarchy, version: 2 }, {})).toEqual([])
  })
})
