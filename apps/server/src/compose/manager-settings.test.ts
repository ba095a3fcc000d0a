import { describe, expect, it } from 'vitest'
import { parseSettings } from '../settings/parse-settings.ts'
import type { Settings } from '../settings/settings-schema.ts'
import { accessPolicyOf } from './access-policy.ts'
import { managerSettingsOf } from './manager-settings.ts'
import { memoryStateKey } from './state-key.ts'

const settings = (values: Record<string, string> = {}) => parseSettings([values]).values as Settings
const tell = (values: Record<string, string>) =>
  managerSettingsOf(settings(values), { directory: '/srv', stateKey: 'k' })

describe('what the manager is told', () => {
  it('is the settings, in its own terms', () => {
    expect(tell({})).toEqual({
      prefix: 'agent-runtime-container-',
      stateKey: 'k',
      defaultSandboxTypes: ['base'],
      poolSize: 1,
      autoCleanup: true,
      workspaceRoot: '/srv/sessions_mount_dir',
      readonlyMounts: {},
      allowMountDir: false,
      storageFolder: null,
      maxInstances: 0,
      defaultTimeoutSeconds: 60,
      startTimeoutMs: 60_000,
      scanIntervalMs: 1000,
      heartbeatTimeoutMs: 300_000,
      heartbeatLockTtlMs: 120_000,
      recycledRecordTtlMs: 604_800_000,
      releasedRecordTtlMs: 3_600_000,
    })
  })

  it.each([
    [{ RELEASE_KET_TTL: '5' }, 5000],
    [{ RELEASED_KEY_TTL: '7' }, 7000],
    [{ RELEASED_KEY_TTL: '0', RELEASE_KET_TTL: '5' }, 0],
  ])('the life of records: %j', (values, milliseconds) => {
    expect(tell(values as Record<string, string>).releasedRecordTtlMs).toBe(milliseconds)
  })

  it('has absolute paths, and no workspace folder when there is to be none', () => {
    expect(tell({ DEFAULT_MOUNT_DIR: ' ' }).workspaceRoot).toBeNull()
    expect(tell({ DEFAULT_MOUNT_DIR: '/data' }).workspaceRoot).toBe('/data')
    expect(tell({ READONLY_MOUNTS: '{"models": "/m", "/etc": "/e"}' }).readonlyMounts).toEqual({
      '/srv/models': '/m',
      '/etc': '/e',
    })
  })
})

describe('the key of a store in memory', () => {
  const place = { workspaceRoot: '/data', host: '127.0.0.1', port: 8000 }

  it('is the same for a successor, and another for everybody else', () => {
    const key = memoryStateKey(place)
    expect(key).toMatch(/^[0-9a-f]{12}$/)
    expect(memoryStateKey({ ...place })).toBe(key)
    for (const other of [{ port: 8001 }, { host: 'localhost' }, { workspaceRoot: null }]) {
      expect(memoryStateKey({ ...place, ...other })).not.toBe(key)
    }
  })

  it('is never the same with a port that is not fixed', () => {
    expect(memoryStateKey({ ...place, port: 0 })).not.toBe(memoryStateKey({ ...place, port: 0 }))
  })
})

describe('who may call', () => {
  it.each(['127.0.0.1', 'localhost', '::1'])('%s without a token: nobody makes one', async (HOST) => {
    expect(await accessPolicyOf(settings({ HOST }))).toMatchObject({ token: undefined, generated: false })
  })

  it.each(['0.0.0.0', '::', '192.0.2.1'])('%s without a token: one is made, never the same', async (HOST) => {
    const [first, second] = [
      await accessPolicyOf(settings({ HOST })),
      await accessPolicyOf(settings({ HOST, BEARER_TOKEN: ' ' })),
    ]
    expect(first.generated && second.generated).toBe(true)
    expect(first.token).toMatch(/^[\w-]{43}$/)
    expect(first.token).not.toBe(second.token)
  })

  it('a token that was chosen is kept', async () => {
    const policy = await accessPolicyOf(settings({ HOST: '0.0.0.0', BEARER_TOKEN: 'mine', ALLOWED_HOSTS: 'Box.LAN' }))
    expect(policy).toEqual({ token: 'mine', allowedHosts: ['box.lan'], generated: false })
  })

  it('a name that nobody knows is a wrong setting', async () => {
    await expect(accessPolicyOf(settings({ HOST: 'no-such-host.invalid' }))).rejects.toMatchObject({
      exitCode: 78,
      problems: ['HOST: no-such-host.invalid cannot be resolved'],
    })
  })
})
