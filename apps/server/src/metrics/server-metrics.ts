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
  // The delay of the event loop is looked at ten times a second; the library's own hundred cost an idle server more than all else.
  collectDefaultMetrics({ register: registry, eventLoopMonitoringPrecision: 100 })
  return {
    onEvent: sandboxMetrics({ registry, clock }),
    middleware: httpMetrics(registry),
    handler: async (context) => context.body(await registry.metrics(), 200, { 'content-type': registry.contentType }),
  }
}
