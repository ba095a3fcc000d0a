import { lstat, mkdir, mkdtemp, readFile, readlink, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { awaitRuntime, engineSuite, pythonCommand, runShell } from '@runtime-sandbox/testkit'
import type { Container, ContainerSpec } from '@runtime-sandbox/core'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { initOf, localUnavailable, openLocalEngine, testSpec, type LocalTestEngine } from './local-engine.fixture.ts'

const { skip } = engineSuite('local', await localUnavailable())
const root = process.getuid?.() === 0

describe.skipIf(skip)('code in a sandbox', () => {
  let engine: LocalTestEngine
  let box: { spec: ContainerSpec; container: Container }

  const open = async (overrides: Partial<ContainerSpec> = {}) => {
    const spec = testSpec(overrides)
    const container = await engine.backend.create(spec)
    await awaitRuntime(container, { token: spec.environment['SECRET_TOKEN']! })
    return { spec, container }
  }
  const run = (command: string, { spec, container } = box) =>
    runShell(container, command, { token: spec.environment['SECRET_TOKEN']! })
  const python = (program: string) => run(pythonCommand(program))

  beforeAll(async () => {
    engine = await openLocalEngine()
    box = await open()
  })
  afterAll(() => engine?.dispose())

  it('sees no file of the host but programs', async () => {
    const secret = await mkdtemp(join(tmpdir(), 'secret-'))
    onTestFinished(() => rm(secret, { recursive: true }))
    await writeFile(join(secret, 'file'), 'secret', { mode: 0o644 })
    for (const path of [
      '/etc/shadow',
      '/etc/ssh',
      '/var/lib',
      '/var/log',
      '/root/.bashrc',
      '/root/.ssh',
      '/run/docker.sock',
    ]) {
      expect((await run(`ls ${path}`)).returncode, path).not.toBe(0)
    }
    expect((await run(`cat ${secret}/file`)).returncode).not.toBe(0)
    expect((await run('ls /home')).stdout).toBe('sandbox\n')
    expect((await run('cut -d: -f1 /etc/passwd')).stdout).toBe('sandbox\nnobody\n')
    expect((await run('ls -A /sys')).returncode).not.toBe(0)
  })

  it('changes nothing of the system', async () => {
    const targets = [
      '/usr/bin/x',
      '/bin/sh',
      '/lib/x',
      '/etc/passwd',
      '/x',
      '/opt/runtime-sandbox/lib/runtime.mjs',
      '/dev/x',
      '/var/x',
    ]
    for (const path of [
      ...targets,
      '/proc/sys/kernel/core_pattern',
      '/proc/sys/vm/drop_caches',
      '/proc/sys/kernel/hostname',
    ]) {
      expect((await run(`echo x >> ${path}`)).returncode, path).not.toBe(0)
    }
    for (const command of [
      'mount -t tmpfs x /mnt',
      'mount -o remount,rw /',
      'umount /proc',
      'hostname other',
      'chroot /usr',
    ]) {
      expect((await run(command)).returncode, command).not.toBe(0)
    }
  })

  it('sees no process but its own', async () => {
    const other = await open()
    const seen = await run('cat /proc/[0-9]*/comm | sort -u')
    expect(seen.stdout).not.toMatch(/vitest|dockerd|systemd/)
    expect((await run('ls -d /proc/[0-9]* | wc -l')).stdout.trim()).toMatch(/^\d$/)
    expect((await run(`kill -0 ${process.pid}`)).returncode).not.toBe(0)
    const otherInit = await initOf(engine.stateDirectory, other.container.id)
    expect((await run(`cat /proc/${otherInit}/status`)).returncode).not.toBe(0)
    await engine.backend.remove(other.container.id)
  })

  it('finds no secret of the server or of a sandbox on the host', async () => {
    const token = box.spec.environment['SECRET_TOKEN']!
    const init = await initOf(engine.stateDirectory, box.container.id)
    const { ppid } = await statusOf(init)
    for (const pid of [init, Number(ppid)]) {
      const told =
        (await readFile(`/proc/${pid}/cmdline`, 'latin1')) + (await readFile(`/proc/${pid}/environ`, 'latin1'))
      expect(told).toContain('bwrap')
      expect(told).not.toContain(token)
    }
    const kept = await readFile(join(engine.stateDirectory, 'sandboxes', box.container.id, 'own/sandbox.json'), 'utf8')
    expect(kept).not.toContain(token)
    const inside = await run('cat /proc/[0-9]*/environ /proc/[0-9]*/cmdline | tr "\\0" "\\n"')
    expect(inside.stdout).not.toContain(token)
    expect(inside.stdout).not.toMatch(/VITEST|NODE_ENV/)
  })

  it('has no way to more rights', async () => {
    const status = (await run('cat /proc/self/status')).stdout
    expect(status).toMatch(/^CapEff:\t0+$/m)
    expect(status).toMatch(/^CapBnd:\t0+$/m)
    expect(status).toMatch(/^NoNewPrivs:\t1$/m)
    expect(status).toMatch(/^Seccomp:\t2$/m)
    for (const command of [
      'unshare --user true',
      'unshare --mount true',
      'setpriv --reuid 0 true',
      'nsenter -t 1 -m true',
    ]) {
      expect((await run(command)).returncode, command).not.toBe(0)
    }
    expect((await run('bwrap --ro-bind / / true')).returncode).not.toBe(0)
  })

  it('inherits no descriptor of the server', async () => {
    const opened = (await run('ls /proc/$PPID/fd')).stdout.split('\n').map(Number)
    expect(opened.filter((descriptor) => descriptor > 100)).toEqual([])
    const program = 'import os; print(sorted(map(int, os.listdir("/proc/self/fd")))[:-1])'
    expect((await python(program)).stdout).toBe('[0, 1, 2]\n')
  })

  it('is refused calls that reach the kernel past namespaces', async () => {
    const numbers =
      process.arch === 'x64'
        ? [165, 250, 248, 321, 298, 323, 304, 308, 425, 161]
        : [40, 219, 217, 280, 241, 282, 265, 268, 425, 51]
    const program = `
import ctypes
libc = ctypes.CDLL(None, use_errno=True)
for number in ${JSON.stringify(numbers)}:
    print(libc.syscall(number, 0, 0, 0, 0, 0), ctypes.get_errno())
`
    expect((await python(program)).stdout).toBe('-1 1\n'.repeat(numbers.length))
  })

  it('reaches no listener of the host, not even by an abstract name', async () => {
    const name = `\0escape-${process.pid}`
    const reached: string[] = []
    const listener = createServer((socket) => void socket.end(String(reached.push('reached'))))
    await new Promise<void>((resolve) => listener.listen({ path: name }, resolve))
    onTestFinished(() => void listener.close())
    const program = `
import socket
s = socket.socket(socket.AF_UNIX)
s.connect("\\0escape-${process.pid}")
`
    expect((await python(program)).stderr).toContain('ConnectionRefusedError')
    expect(reached).toEqual([])
    expect(
      (await run("ls /proc/sys/net/ipv4/conf; tail -n +3 /proc/net/dev | cut -d: -f1 | tr -d ' '")).stdout,
    ).toMatch(/lo\n$/)
  })

  it('cannot lead the server to another socket', async () => {
    await run('cd /run/runtime-sandbox && mv runtime.sock old; ln -sf /var/run/docker.sock runtime.sock')
    expect((await lstat(box.container.url.slice('unix:'.length))).isSocket()).toBe(true)
    expect((await run('echo still here')).stdout).toBe('still here\n')
  })

  it.skipIf(!root)('writes nothing to the directory that it shares with the server', async () => {
    for (const command of ['touch x', 'rm runtime.sock', 'ln -s / link', 'chmod 777 .']) {
      expect((await run(`cd /run/runtime-sandbox && ${command}`)).returncode, command).not.toBe(0)
    }
  })

  it('fills no more than its own scratch', async () => {
    const small = await openLocalEngine({ LOCAL_SCRATCH_SIZE: 2 ** 20 })
    onTestFinished(() => small.dispose())
    const spec = testSpec()
    const container = await small.backend.create(spec)
    await awaitRuntime(container, { token: spec.environment['SECRET_TOKEN']! })
    for (const directory of ['/tmp', '/home/sandbox', '/workspace', '/dev/shm']) {
      const bytes = directory === '/dev/shm' ? '65M' : '2M'
      const command = `head -c ${bytes} /dev/zero > ${directory}/fill`
      expect((await run(command, { spec, container })).stderr, directory).toContain('No space left')
    }
  })
})

describe.skipIf(skip)('the host of a sandbox', () => {
  it('has it in namespaces of its own', async () => {
    const engine = await openLocalEngine()
    onTestFinished(() => engine.dispose())
    const { id } = await engine.backend.create(testSpec())
    const init = await initOf(engine.stateDirectory, id)
    for (const namespace of ['user', 'mnt', 'pid', 'ipc', 'uts', 'net', 'cgroup']) {
      const [own, theirs] = await Promise.all(
        [process.pid, init].map((pid) => readlink(`/proc/${pid}/ns/${namespace}`)),
      )
      expect(theirs, namespace).not.toBe(own)
    }
  })

  it.skipIf(!root)('runs each as a user of its own, never as root', async () => {
    const engine = await openLocalEngine({ LOCAL_UID_BASE: 310_000 })
    onTestFinished(() => engine.dispose())
    const users = await Promise.all(
      [1, 2, 3].map(async () => {
        const { id } = await engine.backend.create(testSpec())
        return (await statusOf(await initOf(engine.stateDirectory, id))).uid
      }),
    )
    expect(users.toSorted()).toEqual(['310000', '310001', '310002'])
  })

  it.skipIf(!root)('hands a workspace over, and nothing that a link in it points to', async () => {
    const engine = await openLocalEngine({ LOCAL_UID_BASE: 320_000 })
    const parent = await mkdtemp(join(tmpdir(), 'handed-'))
    onTestFinished(async () => {
      await engine.dispose()
      await rm(parent, { recursive: true })
    })
    const source = join(parent, 'workspace')
    await mkdir(join(source, 'deep/er'), { recursive: true })
    await Promise.all([writeFile(join(source, 'deep/file'), ''), writeFile(join(parent, 'outside'), '')])
    await symlink('../outside', join(source, 'link'))
    await engine.backend.create(testSpec({ mounts: [{ source, target: '/workspace', readOnly: false }] }))
    for (const path of ['.', 'deep/er', 'deep/file']) expect((await stat(join(source, path))).uid).toBe(320_000)
    expect((await stat(join(parent, 'outside'))).uid).toBe(0)
  })
})

async function statusOf(pid: number): Promise<{ uid: string; ppid: string }> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8')
  const field = (name: string) => new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(status)![1]!
  return { uid: field('Uid'), ppid: field('PPid') }
}
