import { SandboxError, isErrorCode, type ErrorCode } from '@runtime-sandbox/core'
import { errorBodySchema, requestIdHeader } from '@runtime-sandbox/protocol'
import { parseRetryAfter, type FailureDetails } from './retry-policy.ts'

const codesOfStatus: Readonly<Record<number, ErrorCode>> = {
  400: 'invalid_body',
  401: 'unauthorized',
  403: 'path_forbidden',
  404: 'sandbox_not_found',
  405: 'method_not_allowed',
  409: 'conflict',
  413: 'payload_too_large',
  422: 'invalid_argument',
  429: 'limit_reached',
  502: 'sandbox_unreachable',
  503: 'engine_unavailable',
  504: 'sandbox_timeout',
}

/** Error answers are read no further: who answers may be a program in a sandbox. */
const maxErrorBytes = 256 * 1024

export type ResponseErrorOptions = {
  /** What a 404 without a code means here. */
  notFound?: ErrorCode
  /** Id that the request was sent with; the answer's own wins. */
  requestId?: string
}

/** The typed error that an answer with an error status means. Reads its body. Never throws. */
export async function errorOfResponse(
  response: Response,
  { notFound, requestId }: ResponseErrorOptions = {},
): Promise<SandboxError> {
  const text = await startOf(response)
  const body = errorBodySchema.safeParse(parseJson(text)).data
  const fallback = response.status === 404 && notFound ? notFound : (codesOfStatus[response.status] ?? 'internal')
  const code = isErrorCode(body?.code) ? body.code : fallback
  const retryAfterMs = parseRetryAfter(response.headers.get('retry-after'))
  const id = body?.request_id ?? response.headers.get(requestIdHeader) ?? requestId
  const details: FailureDetails = {
    status: response.status,
    ...(body?.retryable !== undefined && { retryable: body.retryable }),
    ...(retryAfterMs !== undefined && { retryAfterMs }),
    ...(id !== undefined && { requestId: id }),
  }
  return new SandboxError(code, body?.detail ?? (text.slice(0, 500) || `HTTP ${response.status}`), { details })
}

/** The first bytes of an answer as text; what breaks off counts as its end. */
async function startOf(response: Response): Promise<string> {
  const reader = response.body?.getReader()
  if (!reader) return ''
  const decoder = new TextDecoder()
  let text = ''
  let left = maxErrorBytes
  try {
    while (left > 0) {
      const { done, value } = await reader.read()
      if (done) return text
      text += decoder.decode(value.subarray(0, left), { stream: true })
      left -= value.length
    }
  } catch {
    return text
  }
  // Of a clone this only settles together with the original, so nobody waits for it.
  reader.cancel().catch(() => {})
  return text
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
