import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { securityProfile, shellCapabilities, type ContainerBackend, type SecurityLevel } from '@runtime-sandbox/core'
import { describe, expect, it } from 'vitest'
import { pythonCommand } from './shell-in-sandbox.ts'
import { itWhere } from '../it-where.ts'
import { SuiteBench } from './suite-bench.ts'
import type { BackendSuiteOptions } from './suite-options.ts'

// Numbers of linux/capability.h.
const capabilityBits: Record<(typeof shellCapabilities)[number], number> = {
  CHOWN: 0,
  DAC_OVERRIDE: 1,
  FOWNER: 3,
  FSETID: 4,
  KILL: 5,
  SETGID: 6,
  SETUID: 7,
  NET_BIND_SERVICE: 10,
}
const allowed: bigint = shellCapabilities.reduce((mask, name) => mask | (1n << BigInt(capabilityBits[name])), 0n)

/** What the security levels promise. */
export function securitySuite<Backend extends ContainerBackend>(options: BackendSuiteOptions<Backend>): void {
  const { shell, highSecurity } = options.supports
  if (!shell) return
  describe('security', () => {
    const bench = new SuiteBench(options)
    const confined: SecurityLevel[] = highSecurity ? ['medium', 'high'] : ['medium']
    const itIfHigh = itWhere(highSecurity)
    const create = (level: SecurityLevel) => bench.createHealthy({ security: securityProfile(level) })

    it.each(confined)('level %s: no new privileges, and few capabilities', async (level) => {
      const { stdout } = await bench.shell(await create(level), 'cat /proc/self/status')
      expect(statusField(stdout, 'NoNewPrivs')).toBe('1')
      for (const set of ['CapInh', 'CapPrm', 'CapEff', 'CapBnd', 'CapAmb']) {
        const held = BigInt(`0x${statusField(stdout, set)}`)
        expect(held & ~(level === 'high' ? 0n : allowed), `${set} ${held.toString(16)}`).toBe(0n)
      }
    })

    it.each(confined)('level %s: the kernel and its devices are out of reach', async (level) => {
      const sandbox = await create(level)
      const attempts = [
        'mount -t tmpfs none /mnt',
        'echo 1 > /proc/sys/kernel/panic',
        'echo b > /proc/sysrq-trigger',
        'mknod /tmp/disk b 8 0',
        'head -c 1 /dev/mem',
        'head -c 1 /proc/kcore',
        'ls /var/run/docker.sock',
      ]
      for (const attempt of attempts) {
        expect((await bench.shell(sandbox, attempt)).returncode, attempt).not.toBe(0)
      }
    })

    itIfHigh('level high: not root, a root that cannot be written, scratch that can', async () => {
      const sandbox = await create('high')
      const identity = await bench.shell(sandbox, 'id -u')
      expect(identity.returncode).toBe(0)
      expect(Number(identity.stdout)).toBeGreaterThan(0)
      for (const path of ['/probe', '/usr/probe', '/etc/probe', '/bin/probe']) {
        expect((await bench.shell(sandbox, `touch ${path}`)).returncode, path).not.toBe(0)
      }
      expect(await bench.shell(sandbox, 'touch /tmp/probe /workspace/probe')).toMatchObject({
        returncode: 0,
        stderr: '',
      })
    })

    itIfHigh('level high: no way out to a network', async () => {
      const sandbox = await create('high')
      const routes = await bench.shell(sandbox, 'cat /proc/net/route')
      const ways = routes.stdout
        .trim()
        .split('\n')
        .slice(1)
        .map((line) => line.split('\t')[1])
      expect(ways).not.toContain('00000000')
    })

    it.each(confined)('level %s: what listens on the loopback of the host is not reached', async (level) => {
      const sandbox = await create(level)
      const reached: string[] = []
      const listener = createServer((socket) => void (reached.push('reached'), socket.destroy()))
      await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve))
      try {
        const { port } = listener.address() as AddressInfo
        const program = `import socket; socket.create_connection(("127.0.0.1", ${port}), 2)`
        expect((await bench.shell(sandbox, pythonCommand(program))).returncode).not.toBe(0)
        expect(reached).toEqual([])
      } finally {
        await new Promise((resolve) => listener.close(resolve))
      }
    })
  })
}

function statusField(status: string, name: string): string {
  return new RegExp(`^${name}:\\s*(\\S+)$`, 'm').exec(status)?.[1] ?? ''
}
