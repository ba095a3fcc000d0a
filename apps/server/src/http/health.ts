import { SandboxError } from '@runtime-sandbox/core'
import type { HttpContext, ManagerSource } from './http-environment.ts'

export type HealthOptions = { manager: ManagerSource; sandboxTypes: readonly string[] }

/** 200 once sandboxes can be had, 503 while the server starts or stops. */
export function healthHandler({ manager, sandboxTypes }: HealthOptions) {
  const version = typeList(sandboxTypes)
  return (context: HttpContext): Response => {
    try {
      manager()
      return context.json({ status: 'healthy', version })
    } catch (error) {
      const status = SandboxError.is(error, 'shutting_down') ? 'stopping' : 'starting'
      return context.json({ status, version }, 503)
    }
  }
}

/** The default types as the original prints them: `[<SandboxType.BASE: 'base'>, …]`. */
function typeList(names: readonly string[]): string {
  return `[${names.map((name) => `<SandboxType.${name.toUpperCase()}: '${name}'>`).join(', ')}]`
}
