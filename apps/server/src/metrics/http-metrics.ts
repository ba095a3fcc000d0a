import { managerCalls } from '@runtime-sandbox/protocol'
import type { MiddlewareHandler } from 'hono'
import { Counter, Gauge, Histogram, type Registry } from 'prom-client'
import type { HttpEnvironment } from '../http/http-environment.ts'

const durationBuckets = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120]
const calls = Object.keys(managerCalls).flatMap((name) => [`/${name}`, `/${name}_async`])
const exactRoutes: ReadonlySet<string> = new Set([...calls, '/health', '/metrics', '/docs', '/openapi.json'])
const relays = ['/proxy/', '/desktop/']

/** Counts and times all requests. A streamed answer counts until its headers are sent. */
export function httpMetrics(registry: Registry): MiddlewareHandler<HttpEnvironment> {
  const registers = [registry]
  const requests = new Counter({
    name: 'runtime_sandbox_http_requests_total',
    help: 'Requests that were answered.',
    labelNames: ['route', 'method', 'status'],
    registers,
  })
  const durations = new Histogram({
    name: 'runtime_sandbox_http_request_duration_seconds',
    help: 'Time until the answer was there.',
    labelNames: ['route'],
    buckets: durationBuckets,
    registers,
  })
  const inFlight = new Gauge({
    name: 'runtime_sandbox_http_requests_in_flight',
    help: 'Requests that are being worked on.',
    registers,
  })
  return async (context, next) => {
    const route = routeLabel(context.req.path)
    const startedAt = performance.now()
    inFlight.inc()
    try {
      await next()
    } finally {
      inFlight.dec()
      durations.observe({ route }, (performance.now() - startedAt) / 1000)
      requests.inc({ route, method: methodLabel(context.req.method), status: context.res.status })
    }
  }
}

/** One of a fixed number of labels, whatever strangers ask for. */
function routeLabel(path: string): string {
  if (exactRoutes.has(path)) return path
  return relays.find((relay) => path.startsWith(relay))?.slice(0, -1) ?? 'other'
}

const methods: ReadonlySet<string> = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'])

function methodLabel(method: string): string {
  return methods.has(method) ? method : 'other'
}
