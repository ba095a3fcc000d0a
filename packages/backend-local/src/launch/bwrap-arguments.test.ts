import { describe, expect, it } from 'vitest'
import { bwrapArguments, type SandboxView } from './bwrap-arguments.ts'

const view: SandboxView = {
  system: [
    { kind: 'bind', source: '/usr', target: '/usr' },
    { kind: 'symlink', to: 'usr/bin', target: '/bin' },
  ],
  etcDirectory: '/state/etc',
  maskedPaths: ['/proc/kcore'],
  pythonPrefixes: [{ source: '/stage/0', target: '/opt/python' }],
  node: '/stage/1',
  runtimeDirectory: '/stage/2',
  socketDirectory: '/state/sandboxes/a/shared',
  mounts: [
    { source: '/data/workspace', target: '/workspace', readOnly: false },
    { source: '/data/models', target: '/models', readOnly: true },
  ],
  hostNetwork: false,
  scratchBytes: 1000,
  shmBytes: 2000,
  environment: { A: 'x y', B: '' },
  statusDescriptor: 4,
  seccompDescriptor: 6,
}

/** The arguments as one text in which every option has its values beside it. */
const told = (changes: Partial<SandboxView> = {}) => ` ${bwrapArguments({ ...view, ...changes }).join(' ')} `

describe('bwrapArguments', () => {
  it('unshares every namespace, and forbids new ones', () => {
    for (const namespace of ['user', 'pid', 'ipc', 'uts', 'net', 'cgroup-try']) {
      expect(told()).toContain(` --unshare-${namespace} `)
    }
    expect(told()).toContain(' --disable-userns ')
    expect(told()).toContain(' --uid 1000 --gid 1000 ')
  })

  it('dies with its parent, in a session of its own, without the environment of the server', () => {
    expect(told()).toContain(' --die-with-parent --new-session --clearenv ')
  })

  it('keeps the network of the host only when told so', () => {
    expect(told({ hostNetwork: true })).not.toContain('--unshare-net')
    expect(told({ hostNetwork: true })).not.toContain('--share-net')
  })

  it('binds nothing writable but the socket directory and writable mounts', () => {
    const writable = [...told().matchAll(/ --bind (\S+) (\S+)/g)].map(([, source, target]) => `${source} ${target}`)
    expect(writable).toEqual(['/state/sandboxes/a/shared /run/runtime-sandbox', '/data/workspace /workspace'])
    expect(told()).toContain(' --ro-bind /data/models /models ')
    expect(told()).not.toContain('dev-bind')
  })

  it('makes the root read-only after everything is in place', () => {
    const options = told()
    expect(options.indexOf('--remount-ro / ')).toBeGreaterThan(options.indexOf('--ro-bind /data/models'))
    expect(options.indexOf('--remount-ro /dev')).toBeGreaterThan(options.indexOf('--tmpfs /dev/shm'))
  })

  it('bounds all memory that files can take', () => {
    expect(told()).toContain(' --size 2000 --tmpfs /dev/shm ')
    expect(told()).toContain(' --size 1000 --tmpfs /tmp ')
    expect(told()).toContain(' --size 1000 --tmpfs /home/sandbox ')
    expect([...told().matchAll(/--tmpfs/g)]).toHaveLength([...told().matchAll(/--size/g)].length)
  })

  it('gives a workspace in memory to who has none mounted', () => {
    expect(told()).not.toContain('--tmpfs /workspace')
    expect(told({ mounts: [] })).toContain(' --size 1000 --tmpfs /workspace ')
  })

  it('masks files of the kernel', () => {
    const options = told()
    expect(options).toContain(' --ro-bind /dev/null /proc/kcore ')
    expect(options.indexOf('/proc/kcore')).toBeGreaterThan(options.indexOf('--proc /proc'))
  })

  it('shows its own passwd, and the hosts of the host only with its network', () => {
    expect(told()).toContain(' --ro-bind /state/etc/passwd /etc/passwd ')
    expect(told()).toContain(' --ro-bind /state/etc/hosts /etc/hosts ')
    const system = [...view.system, { kind: 'bind' as const, source: '/etc/hosts', target: '/etc/hosts' }]
    expect(told({ system })).not.toContain('/state/etc/hosts')
  })

  it('passes variables whatever is in them', () => {
    const options = bwrapArguments({ ...view, environment: { A: '--bind / /', B: '' } })
    const at = options.indexOf('A')
    expect(options.slice(at - 1, at + 5)).toEqual(['--setenv', 'A', '--bind / /', '--setenv', 'B', ''])
  })

  it('does without a filter where there is none', () => {
    expect(told({ seccompDescriptor: undefined })).not.toContain('--seccomp')
  })
})
