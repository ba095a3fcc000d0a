import type { ContainerBackend, ResourceLimits } from '@runtime-sandbox/core'
import { describe, expect } from 'vitest'
import { pythonCommand } from './shell-in-sandbox.ts'
import { itWhere } from '../it-where.ts'
import { SuiteBench } from './suite-bench.ts'
import type { BackendSuiteOptions, LimitSupport } from './suite-options.ts'

const mebibyte = 2 ** 20

const forkBurst = `
import os, time
children = []
try:
    for _ in range(300):
        child = os.fork()
        if child == 0:
            time.sleep(60)
            os._exit(0)
        children.append(child)
except OSError:
    pass
print(len(children))
for child in children:
    os.kill(child, 9)
`

const allocation = `
data = b"x" * (400 << 20)
print("allocated", len(data))
`

const busyWork = `
import time
begin = time.monotonic()
while time.process_time() < 0.6:
    pass
print(time.monotonic() - begin)
`

/** A limit that is set holds, or the sandbox is not made. */
export function limitSuite<Backend extends ContainerBackend>(options: BackendSuiteOptions<Backend>): void {
  const { limits, shell } = options.supports
  if (!limits) return
  describe('limits', () => {
    const bench = new SuiteBench(options)

    const either = (
      support: LimitSupport | undefined,
      title: string,
      set: ResourceLimits,
      holds: () => Promise<void>,
    ) => {
      itWhere(support === 'refused')(`refuses what it cannot enforce: ${title}`, () =>
        bench.expectRefused(bench.create({ limits: set }), 'not_supported'),
      )
      itWhere(support === 'enforced' && shell)(`bounds ${title}`, holds)
    }

    const pids = { pids: 100 }
    either(limits?.pids, 'the number of processes', pids, async () => {
      const sandbox = await bench.createHealthy({ limits: pids })
      const { stdout } = await bench.shell(sandbox, pythonCommand(forkBurst))
      expect(Number(stdout)).toBeGreaterThan(10)
      expect(Number(stdout)).toBeLessThan(100)
      expect((await bench.shell(sandbox, 'echo alive')).stdout).toBe('alive\n')
    })

    const memory = { memoryBytes: 256 * mebibyte }
    either(limits?.memory, 'the memory', memory, async () => {
      const sandbox = await bench.createHealthy({ limits: memory })
      const outcome = await bench.shell(sandbox, pythonCommand(allocation)).catch((error: Error) => error)
      if (outcome instanceof Error) return // The whole sandbox was ended, which is a bound too.
      expect(outcome.stdout).not.toContain('allocated')
      expect(outcome.returncode).not.toBe(0)
    })

    const cpus = { cpus: 0.5 }
    either(limits?.cpus, 'the processor time', cpus, async () => {
      const sandbox = await bench.createHealthy({ limits: cpus })
      const { stdout } = await bench.shell(sandbox, pythonCommand(busyWork))
      expect(Number(stdout)).toBeGreaterThan(0.9)
    })

    const shm = { shmBytes: 16 * mebibyte }
    either(limits?.shm, 'the shared memory', shm, async () => {
      const sandbox = await bench.createHealthy({ limits: shm })
      const fill = (size: string) => bench.shell(sandbox, `head -c ${size} /dev/zero > /dev/shm/fill`)
      expect((await fill('8M')).returncode).toBe(0)
      expect((await fill('32M')).returncode).not.toBe(0)
    })
  })
}
