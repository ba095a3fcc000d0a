import { randomUUID } from 'node:crypto'
import type { Logger } from '@runtime-sandbox/core'
import { requestIdHeader } from '@runtime-sandbox/protocol'
import type { MiddlewareHandler } from 'hono'
import type { HttpEnvironment } from './http-environment.ts'

const acceptable = /^[\w.:-]{1,128}$/

export type RequestIdOptions = { logger: Logger }

/**
 * Gives every request an id (the client's own, if it is harmless), a logger that carries it, and one line in the log when it
 * has been answered. Never logged: query, headers and bodies, which carry secrets and users' code.
 */
export function requestId({ logger }: RequestIdOptions): MiddlewareHandler<HttpEnvironment> {
  return async (context, next) => {
    const given = context.req.header(requestIdHeader)
    const id = given !== undefined && acceptable.test(given) ? given : randomUUID()
    const requestLogger = logger.child({ requestId: id })
    context.set('requestId', id)
    context.set('logger', requestLogger)
    context.header(requestIdHeader, id)
    const startedAt = performance.now()
    await next()
    const { method, path } = context.req
    const durationMs = Math.round(performance.now() - startedAt)
    const fields = { method, path, status: context.res.status, durationMs }
    if (path === '/health') requestLogger.debug(fields, 'request')
    else requestLogger.info(fields, 'request')
  }
}
