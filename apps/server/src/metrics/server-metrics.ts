import type { Clock } from '@runtime-sandbox/core'
import type { SandboxEvent } from '@runtime-sandbox/manager'
import type { MiddlewareHandler } from 'hono'
import { collectDefaultMetrics, Registry } from 'prom-client'
import type { HttpContext, HttpEnvironment } from '../http/http-environment.ts'
import { httpMetrics } from './http-metrics.ts'
import { sandboxMetrics } from './sandbox-metrics.ts'

/** The numbers of one server, in the text format of Prometheus. */
export type ServerMetrics = {
  onEvent: (event: SandboxEvent) => void
  middleware: MiddlewareHandler<HttpEnvironment>
  /** Answers `GET /metrics`. */
  handler: (context: HttpContext) => Promise<Response>
}

export function createServerMetrics({ clock }: { clock: Clock }): ServerMetrics {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  return {
    onEvent: sandboxMetrics({ registry, clock }),
    middleware: httpMetrics(registry),
    handler: async (context) => context.body(await registry.metrics(), 200, { 'content-type': registry.contentType }),
  }
}
