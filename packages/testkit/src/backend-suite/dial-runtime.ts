import { request as httpRequest, type ClientRequest, type RequestOptions } from 'node:http'
import { request as httpsRequest } from 'node:https'

export type DialOptions = {
  method?: string
  /** Sent as bearer; none by default. */
  token?: string
  /** Sent as JSON. */
  body?: unknown
  /** Default 30 000. */
  timeoutMs?: number
}

export type DialAnswer = { status: number; text: string }

/**
 * One request to a sandbox's runtime, without any client of ours in between.
 *
 * @param url as `Container.url`: `http(s)://host:port[/path]` or `unix:/path/of/socket`
 * @param path below the url, e.g. `/fastapi/healthz`
 * @throws the system's error when nothing answers in time
 */
export function dialRuntime(url: string, path: string, options: DialOptions = {}): Promise<DialAnswer> {
  const { method = 'GET', token, body, timeoutMs = 30_000 } = options
  const payload = body === undefined ? undefined : JSON.stringify(body)
  const headers = {
    ...(token !== undefined && { authorization: `Bearer ${token}` }),
    ...(payload !== undefined && { 'content-type': 'application/json', 'content-length': Buffer.byteLength(payload) }),
  }
  return new Promise((resolve, reject) => {
    const signal = AbortSignal.timeout(timeoutMs)
    const request = open(url, path, { method, headers, signal, agent: false })
    request.once('error', reject)
    request.once('response', (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.once('error', reject)
      response.once('end', () =>
        resolve({ status: response.statusCode ?? 0, text: Buffer.concat(chunks).toString('utf8') }),
      )
    })
    request.end(payload)
  })
}

function open(url: string, path: string, options: RequestOptions): ClientRequest {
  if (url.startsWith('unix:')) return httpRequest({ ...options, socketPath: url.slice('unix:'.length), path })
  const target = new URL(url.replace(/\/$/, '') + path)
  return target.protocol === 'https:' ? httpsRequest(target, options) : httpRequest(target, options)
}
