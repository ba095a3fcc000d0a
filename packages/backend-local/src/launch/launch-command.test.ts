import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { execFileSync } from 'node:child_process'
import { describe, expect, it, onTestFinished } from 'vitest'
import { isOpenToAll, launchCommand, type LaunchOptions } from './launch-command.ts'

const options: LaunchOptions = {
  tools: {
    bwrap: '/usr/bin/bwrap',
    bash: '/bin/bash',
    mount: '/bin/mount',
    unshare: '/usr/bin/unshare',
    setpriv: '/usr/bin/setpriv',
    prlimit: '/usr/bin/prlimit',
  },
  uid: 200_007,
  cgroups: ['/cg/a', '/cg/b'],
  rlimits: {},
  staged: [{ source: '/secret place/ws', stage: '/stages/0' }],
  strayDescriptors: [],
  argumentsDescriptor: 5,
  command: ['/node', '/runtime.mjs'],
}

describe('launchCommand', () => {
  it('becomes an unprivileged user before bubblewrap begins', () => {
    const command = launchCommand(options)
    const at = command.indexOf('/usr/bin/setpriv')
    expect(command.slice(at).join(' ')).toBe(
      '/usr/bin/setpriv --reuid 200007 --regid 200007 --clear-groups --inh-caps=-all --bounding-set=-all --no-new-privs' +
        ' -- /usr/bin/bwrap --args 5 -- /node /runtime.mjs',
    )
    expect(command.slice(0, at)).toContain('/usr/bin/unshare')
  })

  it('needs no tool but bubblewrap when the server is an ordinary user', () => {
    const command = launchCommand({
      ...options,
      tools: { bwrap: '/usr/bin/bwrap' },
      uid: undefined,
      cgroups: [],
      staged: [],
    })
    expect(command.slice(4)).toEqual(['--', '--', '/usr/bin/bwrap', '--args', '5', '--', '/node', '/runtime.mjs'])
  })

  it('bounds by rlimit as the user that the sandbox runs as', () => {
    const command = launchCommand({ ...options, rlimits: { processes: 512, dataBytes: 1024 } })
    const at = command.indexOf('/usr/bin/prlimit')
    expect(command.slice(at, at + 4)).toEqual(['/usr/bin/prlimit', '--nproc=512', '--data=1024', '--'])
    expect(command[at + 4]).toBe('/usr/bin/setpriv')
  })

  it('joins its cgroups first of all, whatever their names are', async () => {
    const group = await mkdtemp(join(tmpdir(), "a group's "))
    onTestFinished(() => rm(group, { recursive: true }))
    const [shell, ...args] = launchCommand({
      ...options,
      tools: { bwrap: '/bin/echo' },
      uid: undefined,
      cgroups: [group],
      staged: [],
    })
    expect(execFileSync(shell!, args, { encoding: 'utf8' })).toBe('--args 5 -- /node /runtime.mjs\n')
    expect(execFileSync('cat', [join(group, 'cgroup.procs')], { encoding: 'utf8' })).toMatch(/^\d+\n$/)
  })
})

describe('descriptors that the server was given', () => {
  it('are closed, by a shell that can', () => {
    expect(launchCommand({ ...options, strayDescriptors: [7] })).toEqual(
      expect.arrayContaining(['/bin/sh', 'start-sandbox', '7']),
    )
    expect(launchCommand({ ...options, strayDescriptors: [7, 251] })[0]).toBe('/bin/bash')
    const tools = { ...options.tools, bash: undefined }
    expect(() => launchCommand({ ...options, tools, strayDescriptors: [251] })).toThrow('descriptor 251')
  })
})

describe('isOpenToAll', () => {
  it('looks at every directory on the way', async () => {
    const parent = await mkdtemp(join(tmpdir(), 'open-'))
    onTestFinished(() => rm(parent, { recursive: true }))
    await mkdir(join(parent, 'a/b'), { recursive: true })
    await writeFile(join(parent, 'a/file'), '')
    await chmod(join(parent, 'a/file'), 0o640)
    await chmod(parent, 0o755)
    expect(isOpenToAll('/usr')).toBe(true)
    expect(isOpenToAll(join(parent, 'a/b'))).toBe(true)
    expect(isOpenToAll(join(parent, 'a/file'))).toBe(false)
    await chmod(parent, 0o700)
    expect(isOpenToAll(join(parent, 'a/b'))).toBe(false)
  })
})
