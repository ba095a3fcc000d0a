import { lstat, readdir } from 'node:fs/promises'
import path from 'node:path'
import { securityProfile } from '@runtime-sandbox/core'
import { dialRuntime, engineSuite } from '@runtime-sandbox/testkit'
import { describe, expect, it } from 'vitest'
import { DockerBench, docker, nothing, tokenOf } from './docker-bench.fixture.ts'
import { dockerProblem } from './docker-engine.fixture.ts'

const { skip } = engineSuite('docker', await dockerProblem())
const high = securityProfile('high')

describe.skipIf(skip)('security levels on a Docker engine', () => {
  const bench = new DockerBench([24_100, 24_110])

  it('high: not root, no network but the loopback, a root that cannot be written, reached over a socket', async () => {
    const server = await bench.open()
    const sandbox = await bench.createHealthy(server, { security: high })
    const { container, spec } = sandbox
    const socket = path.join(bench.socketDirectory, spec.name, 'runtime.sock')
    expect(container).toMatchObject({ url: `unix:${socket}`, ports: [] })
    expect((await lstat(socket)).isSocket()).toBe(true)
    expect((await bench.shell(sandbox, 'id -u; id -g; id -G')).stdout.trim().split('\n')).toEqual([
      '1000',
      '1000',
      '1000',
    ])
    expect((await bench.shell(sandbox, 'ls /sys/class/net')).stdout.trim()).toBe('lo')
    expect((await bench.shell(sandbox, 'touch /usr/probe /etc/probe')).returncode).not.toBe(0)
    expect((await bench.shell(sandbox, 'touch /workspace/a /tmp/b /home/sandbox/c')).returncode).toBe(0)
    expect(await bench.leasedPorts(server)).toEqual([])
    expect(await server.backend.inspect(spec.name)).toMatchObject({ url: container.url, mounts: [], ports: [] })
  })

  it('high: stops and starts on the same socket, and takes its directory along', { timeout: 60_000 }, async () => {
    const server = await bench.open()
    const { container, spec } = await bench.createHealthy(server, { security: high })
    await server.backend.stop(container.id, { graceMs: 0 })
    const again = await server.backend.start(container.id)
    expect(again.url).toBe(container.url)
    await bench.awaitHealthy({ spec, container: again })
    const volumes = await docker('inspect', '--format', '{{range .Mounts}}{{.Name}} {{end}}', container.id)
    expect(volumes).not.toBe('')
    await server.backend.remove(container.id)
    expect(await bench.residue(server)).toEqual(nothing)
    await expect(docker('volume', 'inspect', volumes.trim())).rejects.toThrow(/no such volume/i)
  })

  it('high: with a network on demand, and then still without privileges', async () => {
    const server = await bench.open()
    const security = securityProfile('high', { network: true })
    const sandbox = await bench.createHealthy(server, { security })
    expect(sandbox.container.ports).toEqual([24_100])
    expect((await bench.shell(sandbox, 'id -u')).stdout.trim()).toBe('1000')
    expect((await bench.shell(sandbox, 'grep CapBnd /proc/self/status')).stdout).toMatch(/0{16}/)
  })

  it('high: a user of the type, with a group that is not root’s', async () => {
    const server = await bench.open()
    const sandbox = await bench.createHealthy(server, { security: high, runtimeConfig: { user: 4711 } })
    expect((await bench.shell(sandbox, 'id -u; id -G')).stdout.trim().split('\n')).toEqual(['4711', '4711'])
  })

  it('medium: without a network when none is wanted', async () => {
    const server = await bench.open({ network: 'none' })
    const sandbox = await bench.createHealthy(server)
    expect(sandbox.container.url).toMatch(/^unix:/)
    expect((await bench.shell(sandbox, 'ls /sys/class/net')).stdout.trim()).toBe('lo')
  })

  it('medium: what a type drops is dropped', async () => {
    const server = await bench.open()
    const sandbox = await bench.createHealthy(server, { runtimeConfig: { cap_drop: ['chown'] } })
    const { stdout } = await bench.shell(sandbox, 'touch /tmp/mine; chown 7 /tmp/mine; grep CapBnd /proc/self/status')
    expect(BigInt(`0x${/CapBnd:\s*(\w+)/.exec(stdout)![1]!}`) & 1n).toBe(0n)
  })

  it('medium: a root that is read-only by choice leaves the workspace writable', async () => {
    const server = await bench.open()
    const sandbox = await bench.createHealthy(server, { runtimeConfig: { read_only: true } })
    expect((await bench.shell(sandbox, 'touch /workspace/a /tmp/b')).returncode).toBe(0)
    expect((await bench.shell(sandbox, 'touch /usr/a')).returncode).not.toBe(0)
  })

  it('a directory of the sockets that others may enter is refused before anything is made', async () => {
    const server = await bench.open({ socketDirectory: '/tmp' })
    await expect(bench.create(server, { security: high })).rejects.toMatchObject({ code: 'not_supported' })
    expect(await bench.residue(server)).toEqual(nothing)
  })

  it('no sandbox may mount the sockets of the others', async () => {
    const server = await bench.open()
    const { spec } = await bench.create(server, { security: high })
    for (const source of [bench.socketDirectory, path.join(bench.socketDirectory, spec.name)]) {
      const mounts = [{ source, target: '/data', readOnly: true }]
      await expect(bench.create(server, { mounts })).rejects.toMatchObject({ code: 'mount_refused' })
    }
    expect(await bench.containers()).toHaveLength(1)
  })

  it('what the sandbox puts into the directory of its socket goes with it', async () => {
    const server = await bench.open()
    const sandbox = await bench.createHealthy(server, { security: high })
    const shared = '/run/runtime-sandbox'
    await bench.shell(sandbox, `mkdir -p ${shared}/a/b && ln -s / ${shared}/a/root && chmod 000 ${shared}/a/b`)
    expect(await readdir(path.join(bench.socketDirectory, sandbox.spec.name))).toContain('a')
    await server.backend.remove(sandbox.container.id)
    expect(await bench.residue(server)).toEqual(nothing)
    expect(await readdir('/')).toContain('usr')
  })

  it('the socket asks for the token as a port does', async () => {
    const server = await bench.open()
    const { container, spec } = await bench.createHealthy(server, { security: high })
    const call = (token: string) =>
      dialRuntime(container.url, '/fastapi/tools/run_shell_command', {
        method: 'POST',
        token,
        body: { command: 'true' },
      })
    expect((await call('wrong')).status).toBe(403)
    expect((await call(tokenOf(spec))).status).toBe(200)
  })
})
