import { randomUUID } from 'node:crypto'
import type { Logger } from '@runtime-sandbox/core'
import { requestIdHeader } from '@runtime-sandbox/protocol'
import type { MiddlewareHandler } from 'hono'
import { withRequestId } from '../request-context.ts'
import type { HttpEnvironment } from './http-environment.ts'

const acceptable = /^[\w.:-]{1,128}$/

export type RequestIdOptions = { logger: Logger }

/**
 * Gives every request an id (the client's own, if it is harmless), which all that is logged for it carries, and one line in the
 * log when it has been answered. Never logged: query, headers and bodies, which carry secrets and users' code.
 */
export function requestId({ logger }: RequestIdOptions): MiddlewareHandler<HttpEnvironment> {
  return (context, next) => {
    const given = context.req.header(requestIdHeader)
    const id = given !== undefined && acceptable.test(given) ? given : randomUUID()
    context.set('requestId', id)
    context.set('logger', logger)
    context.header(requestIdHeader, id)
    return withRequestId(id, async () => {
      const startedAt = performance.now()
      await next()
      const { method, path } = context.req
      const durationMs = Math.round(performance.now() - startedAt)
      const fields = { method, path, status: context.res.status, durationMs }
      if (path === '/health') logger.debug(fields, 'request')
      else logger.info(fields, 'request')
    })
  }
}
