import { describe, expect, it } from 'vitest'
import { isSystemPath, liesIn } from './system-paths.ts'

describe('isSystemPath', () => {
  it.each([
    '/',
    '/proc',
    '/proc/1/root',
    '/sys/fs/cgroup',
    '/dev',
    '/run/docker.sock',
    '/var/run',
    '/var/lib/docker/volumes',
    '/boot',
  ])('never lets a sandbox have %s', (path) => {
    expect(isSystemPath(path, { readOnly: true })).toBe(true)
    expect(isSystemPath(path, { readOnly: false })).toBe(true)
  })

  it.each(['/etc', '/etc/ssl', '/usr', '/usr/share/dict', '/home', '/home/alice', '/tmp', '/opt', '/var/log/apt'])(
    'lets a sandbox read %s, not write it',
    (path) => {
      expect(isSystemPath(path, { readOnly: true })).toBe(false)
      expect(isSystemPath(path, { readOnly: false })).toBe(true)
    },
  )

  it.each([
    '/home/alice/data',
    '/tmp/x',
    '/opt/data',
    '/data',
    '/etcetera',
    '/running',
    '/srv/files',
    '/var/lib/runtime-sandbox/workspaces',
  ])('lets a sandbox have %s', (path) => {
    expect(isSystemPath(path, { readOnly: false })).toBe(false)
  })

  it('refuses what holds a place of the system as well', () => {
    expect(isSystemPath('/var', { readOnly: true })).toBe(true)
    expect(isSystemPath('/var/lib', { readOnly: true })).toBe(true)
  })
})

describe('liesIn', () => {
  it('goes by parts, not by letters', () => {
    expect(liesIn('/a/b', '/a')).toBe(true)
    expect(liesIn('/a', '/a')).toBe(true)
    expect(liesIn('/ab', '/a')).toBe(false)
    expect(liesIn('/a', '/')).toBe(true)
  })
})
