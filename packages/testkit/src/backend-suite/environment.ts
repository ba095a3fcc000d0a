import type { ContainerBackend } from '@runtime-sandbox/core'
import { describe, expect, it } from 'vitest'
import { SuiteBench, tokenOf } from './suite-bench.ts'
import type { BackendSuiteOptions } from './suite-options.ts'

/** What the sandboxed code sees of its variables, and what it must not. */
export function environmentSuite<Backend extends ContainerBackend>(options: BackendSuiteOptions<Backend>): void {
  if (!options.supports.shell) return
  describe('environment', () => {
    const bench = new SuiteBench(options)

    it('passes the variables as they are', async () => {
      const { environment } = options.spec()
      const value = 'a "quoted" $HOME `x` \\ ü\nand a second line = '
      const sandbox = await bench.createHealthy({ environment: { ...environment, GREETING: value, EMPTY: '' } })
      const { stdout } = await bench.shell(sandbox, 'printf "%s|%s" "$GREETING" "${EMPTY-unset}"')
      expect(stdout).toBe(`${value}|`)
    })

    it('keeps the token from what runs inside', async () => {
      const sandbox = await bench.createHealthy()
      const token = tokenOf(sandbox.spec)
      const seen = await bench.shell(
        sandbox,
        'env; cat /proc/[0-9]*/environ /proc/[0-9]*/cmdline 2>/dev/null | tr "\\0" "\\n"',
      )
      expect(seen.stdout).toContain('PATH=')
      expect(seen.stdout).not.toContain(token)
      expect(seen.stdout).not.toMatch(/^SECRET_TOKEN=/m)
    })

    it('does not leak the variables of the server', async () => {
      const name = 'CONFORMANCE_SECRET_OF_THE_SERVER'
      process.env[name] = 'seen'
      try {
        const sandbox = await bench.createHealthy()
        expect((await bench.shell(sandbox, 'env')).stdout).not.toContain(name)
      } finally {
        delete process.env[name]
      }
    })
  })
}
