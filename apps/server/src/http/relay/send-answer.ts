import type { ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response'
import { sourceOf } from '@runtime-sandbox/manager'
import type { HttpContext } from '../http-environment.ts'

/** The target of a request as it was sent, not normalised. */
export function targetOf(context: HttpContext): string {
  const sent = context.env?.incoming?.url
  if (sent !== undefined) return sent
  const { pathname, search } = new URL(context.req.raw.url)
  return pathname + search
}

/**
 * Streams a sandbox's answer to the client. Behind a node server it is piped by hand: only so does a body that breaks off break
 * the client's connection too.
 */
export async function sendAnswer(
  context: HttpContext,
  answer: Response,
  headers: Record<string, string>,
): Promise<Response> {
  const outgoing = context.env?.outgoing
  if (!outgoing) return new Response(answer.body, { status: answer.status, headers })
  // An answer that came before the whole request was read ends the connection: nobody may send another request behind the rest.
  if (context.env.incoming?.complete === false) outgoing.shouldKeepAlive = false
  outgoing.writeHead(answer.status, headers)
  if (answer.body) await pipeBody(context, answer.body, outgoing)
  else outgoing.end()
  // The log and the headers of this answer are read from here; nothing of it is sent.
  return new Response(null, { status: answer.status, headers: RESPONSE_ALREADY_SENT.headers })
}

async function pipeBody(context: HttpContext, body: NonNullable<Response['body']>, outgoing: ServerResponse) {
  outgoing.flushHeaders()
  try {
    await pipeline(sourceOf(body) ?? Readable.fromWeb(body), outgoing)
  } catch (error) {
    // Either side went away; pipeline has destroyed the other one.
    context.get('logger').debug({ err: error }, 'proxied answer broke off')
  }
}
