import { createHash, timingSafeEqual } from 'node:crypto'
import type { MiddlewareHandler } from 'hono'
import { HttpProblem } from './http-problem.ts'

const digest = (text: string) => createHash('sha256').update(text).digest()

/** Asks for `Authorization: Bearer <token>` on every route. */
export function checkToken(token: string): MiddlewareHandler {
  const expected = digest(token)
  return async (context, next) => {
    const header = context.req.header('authorization')
    if (!header?.startsWith('Bearer ')) throw new HttpProblem(403, 'Missing or invalid authorization header')
    const given = digest(header.slice('Bearer '.length))
    if (!timingSafeEqual(given, expected)) throw new HttpProblem(403, 'Invalid secret token')
    await next()
  }
}
