import { describe, expect, it } from 'vitest'
import { parseRuntimeConfig } from './runtime-config.ts'

const refused = (config: Record<string, unknown>, level: 'low' | 'medium' | 'high' = 'medium') => {
  try {
    parseRuntimeConfig(config, level)
  } catch (error) {
    expect(error).toMatchObject({ code: 'not_supported' })
    return (error as Error).message
  }
  throw new Error(`${JSON.stringify(config)} was taken at level ${level}`)
}

const weakening: Record<string, unknown>[] = [
  { privileged: true },
  { cap_add: ['SYS_ADMIN'] },
  { devices: ['/dev/kvm:/dev/kvm'] },
  { group_add: ['0'] },
  { security_opt: ['seccomp=unconfined'] },
  { sysctls: { 'net.ipv4.ip_forward': '1' } },
  { ipc_mode: 'host' },
  { pid_mode: 'host' },
]

describe('options that weaken', () => {
  it.each(weakening)('%j is taken at level low alone', (config) => {
    const name = Object.keys(config)[0]!
    expect(parseRuntimeConfig(config, 'low')).toEqual(config)
    expect(refused(config, 'medium')).toContain(`${name} is taken at security level low only`)
    expect(refused(config, 'high')).toContain(name)
  })

  it('names all of them at once', () => {
    const message = refused(Object.assign({}, ...weakening) as Record<string, unknown>)
    for (const config of weakening) expect(message).toContain(Object.keys(config)[0])
  })

  it('takes a no for an answer', () => {
    expect(parseRuntimeConfig({ privileged: false }, 'high')).toEqual({ privileged: false })
  })

  // All of these are root for the engine, or whatever the image says.
  it.each(['0', '0:0', 'root', '00', '+0', '-0', '000:5', 'toor', '1000:0', '1000:root', '1000:', ':5'])(
    'level high refuses user %j',
    (user) => {
      expect(refused({ user }, 'high')).toContain('user')
      expect(parseRuntimeConfig({ user }, 'medium')).toEqual({ user })
    },
  )

  it('level high takes a number that is not root', () => {
    expect(parseRuntimeConfig({ user: 4711 }, 'high')).toEqual({ user: '4711' })
    expect(parseRuntimeConfig({ user: '4711:12' }, 'high')).toEqual({ user: '4711:12' })
    expect(refused({ user: 0 }, 'high')).toContain('user')
  })

  it('level high refuses a root that can be written', () => {
    expect(refused({ read_only: false }, 'high')).toContain('read_only')
    expect(parseRuntimeConfig({ read_only: true }, 'high')).toEqual({ read_only: true })
    expect(parseRuntimeConfig({ read_only: false }, 'medium')).toEqual({ read_only: false })
  })
})

describe('options', () => {
  it('takes those of Docker’s Python library', () => {
    const config = {
      mem_limit: '1g',
      shm_size: '64m',
      nano_cpus: 500_000_000,
      pids_limit: 100,
      command: 'serve',
      entrypoint: ['/bin/init', '--'],
      cap_drop: ['cap_chown', 'KILL'],
      hostname: 'box',
    }
    expect(parseRuntimeConfig(config, 'high')).toEqual({
      ...config,
      mem_limit: 2 ** 30,
      shm_size: 64 * 2 ** 20,
      command: ['serve'],
      cap_drop: ['CHOWN', 'KILL'],
    })
  })

  it.each(['volumes', 'ports', 'name', 'environment', 'labels', 'network_mode', 'restart_policy'])(
    'refuses %s, which it does not know',
    (name) => {
      expect(refused({ [name]: {} }, 'low')).toContain(`unknown option ${name}`)
    },
  )

  it.each<[Record<string, unknown>, RegExp]>([
    [{ mem_limit: 'much' }, /mem_limit: not a size/],
    [{ nano_cpus: 0 }, /nano_cpus/],
    [{ pids_limit: -1 }, /pids_limit/],
    [{ tmpfs: { relative: '' } }, /tmpfs/],
    [{ devices: ['/dev/kvm'] }, /devices.*host path/],
    [{ command: 'python -m http.server' }, /command: write more than one word as a list/],
    [{ entrypoint: [] }, /entrypoint/],
    [{ cap_drop: ['not one'] }, /cap_drop/],
  ])('refuses %j', (config, message) => {
    expect(refused(config, 'low')).toMatch(message)
  })
})
