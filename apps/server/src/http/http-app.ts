import { silentLogger, type Logger, type ManagerApi } from '@runtime-sandbox/core'
import { managerCalls, type ManagerCallName } from '@runtime-sandbox/protocol'
import type { SandboxGateway } from '@runtime-sandbox/manager'
import { Hono } from 'hono'
import { access, type AccessPolicy } from './access.ts'
import { docsPage } from './docs-page.ts'
import { errorResponse, publicError } from './error-response.ts'
import { healthHandler } from './health.ts'
import type { HttpEnvironment, ManagerSource } from './http-environment.ts'
import { methodNotAllowed, routeNotFound } from './not-found.ts'
import { openApiDocument } from './openapi.ts'
import { desktopHandler } from './relay/desktop.ts'
import { proxyHandler } from './relay/proxy.ts'
import { requestId } from './request-id.ts'
import type { ServerMetrics } from '../metrics/server-metrics.ts'
import { rpcHandler } from './rpc-handler.ts'

export type HttpAppOptions = {
  /** Default: no token, loopback names only. */
  access?: AccessPolicy
  /** DEFAULT_SANDBOX_TYPE, which /health tells. */
  sandboxTypes?: readonly string[]
  /** Version in the OpenAPI document. */
  version?: string
  logger?: Logger
  /** Relays desktops; default: there are none. */
  gateway?: () => SandboxGateway
  /** Counts requests and answers /metrics; default: no metrics. */
  metrics?: Pick<ServerMetrics, 'middleware' | 'handler'>
  /** Most bytes of a call's JSON body; default 32 MiB. Bodies of /proxy have no bound: they stream. */
  maxBodyBytes?: number
  /** How long a call's JSON body may take to arrive; default 60 s. */
  bodyTimeoutMs?: number
}

export type HttpApp = Hono<HttpEnvironment>

/** The server's routes over a manager, or over a function that returns one or throws `starting` or `shutting_down`. */
export function createHttpApp(manager: ManagerApi | ManagerSource, options: HttpAppOptions = {}): HttpApp {
  const { logger = silentLogger, sandboxTypes = ['base'], version = '0.0.0' } = options
  const source: ManagerSource = typeof manager === 'function' ? manager : () => manager
  const app: HttpApp = new Hono()
  app.use('*', requestId({ logger }))
  if (options.metrics) app.use('*', options.metrics.middleware)
  app.get('/health', healthHandler({ manager: source, sandboxTypes }))
  const policy = options.access ?? { token: undefined, allowedHosts: [] }
  // Desktops have passwords of their own.
  if (options.gateway) {
    const desktop = desktopHandler({ manager: source, gateway: options.gateway, policy })
    app.all('/desktop/:identity', desktop).all('/desktop/:identity/*', desktop)
  }
  app.use('*', access(policy))
  app.all('/health', (context) => methodNotAllowed(context, ['GET']))
  mountCalls(app, source, options)
  const proxy = proxyHandler(source)
  app.all('/proxy/:identity', proxy).all('/proxy/:identity/*', proxy)
  if (options.metrics) app.get('/metrics', options.metrics.handler)
  app.all('/metrics', (context) => methodNotAllowed(context, ['GET']))
  mountDocuments(app, version)
  app.notFound(routeNotFound)
  app.onError((thrown, context) => {
    const error = publicError(thrown, context)
    context.get('logger').error({ err: error }, 'request failed')
    return errorResponse(context, error)
  })
  return app
}

function mountCalls(
  app: HttpApp,
  manager: ManagerSource,
  { maxBodyBytes = 2 ** 25, bodyTimeoutMs = 60_000 }: HttpAppOptions,
) {
  const options = { manager, body: { maxBytes: maxBodyBytes, timeoutMs: bodyTimeoutMs } }
  for (const call of Object.keys(managerCalls) as ManagerCallName[]) {
    for (const name of [call, `${call}_async`]) {
      app.post(`/${name}`, rpcHandler(call, { name, twin: name !== call }, options))
      app.all(`/${name}`, (context) => methodNotAllowed(context, ['POST']))
    }
  }
}

function mountDocuments(app: HttpApp, version: string): void {
  const document = openApiDocument(version)
  const page = docsPage(document)
  // Nothing on the page comes from elsewhere, and it runs no script.
  const headers = { 'content-security-policy': "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'" }
  app.get('/openapi.json', (context) => context.json(document))
  app.get('/docs', (context) => context.html(page, 200, headers))
  for (const path of ['/openapi.json', '/docs']) app.all(path, (context) => methodNotAllowed(context, ['GET']))
}
