import { readFile, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { ContainerBackend, Mount } from '@runtime-sandbox/core'
import { describe, expect, it } from 'vitest'
import { awaitRuntime } from './await-runtime.ts'
import { itWhere } from '../it-where.ts'
import { SuiteBench, tokenOf } from './suite-bench.ts'
import type { BackendSuiteOptions } from './suite-options.ts'

/** Never in a sandbox, whatever the settings say. */
const forbiddenSources = [
  '/',
  '/proc',
  '/proc/self/root',
  '/sys',
  '/sys/fs/cgroup',
  '/dev',
  '/run',
  '/var/run/docker.sock',
  '/run/docker.sock',
  'relative/path',
  '/tmp/../',
]

/** Host directories in a sandbox. */
export function mountSuite<Backend extends ContainerBackend>(options: BackendSuiteOptions<Backend>): void {
  const { mounts, shell } = options.supports
  if (!mounts) return
  describe('mounts', () => {
    const bench = new SuiteBench(options)
    const itWithShell = itWhere(shell)
    const workspace = (source: string): Mount => ({ source, target: '/workspace', readOnly: false })

    itWithShell('shows a workspace on both sides, and keeps it over a restart', async () => {
      const source = await bench.directory()
      await writeFile(join(source, 'from-host'), 'host')
      const sandbox = await bench.createHealthy({ mounts: [workspace(source)] })
      const { container, spec } = sandbox
      expect((await bench.shell(sandbox, 'cat from-host && printf inside > from-sandbox')).stdout).toBe('host')
      expect(await readFile(join(source, 'from-sandbox'), 'utf8')).toBe('inside')
      expect((await bench.backend.inspect(container.id))?.mounts).toContainEqual(workspace(source))
      await bench.backend.stop(container.id, { graceMs: 0 })
      const again = await bench.backend.start(container.id)
      await awaitRuntime(again, { token: tokenOf(spec) })
      expect((await bench.shell({ spec, container: again }, 'cat from-sandbox')).stdout).toBe('inside')
    })

    itWithShell('refuses writes to a read-only mount', async () => {
      const source = await bench.directory()
      await writeFile(join(source, 'file'), 'as it was')
      const sandbox = await bench.createHealthy({ mounts: [{ source, target: '/data', readOnly: true }] })
      const attempt = await bench.shell(
        sandbox,
        'cat /data/file; echo more >> /data/file; touch /data/new; rm /data/file',
      )
      expect(attempt.stdout).toBe('as it was')
      expect(attempt.returncode).not.toBe(0)
      expect(await readFile(join(source, 'file'), 'utf8')).toBe('as it was')
    })

    it.each(forbiddenSources)('refuses to mount %s', async (source) => {
      for (const readOnly of [true, false]) {
        const mount = { source, target: '/data', readOnly }
        await bench.expectRefused(bench.create({ mounts: [mount] }), 'mount_refused')
      }
    })

    it.each(['/', '/proc', '/sys'])('refuses to mount a link to %s', async (target) => {
      const source = join(await bench.directory(), 'link')
      await symlink(target, source)
      await bench.expectRefused(
        bench.create({ mounts: [{ source, target: '/data', readOnly: true }] }),
        'mount_refused',
      )
    })
  })
}
