import { SandboxError, isErrorCode, type ErrorCode } from '@runtime-sandbox/core'
import { errorBodySchema } from '@runtime-sandbox/protocol'

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

export type ResponseErrorOptions = {
  /** What a 404 without a code means here. */
  notFound?: ErrorCode
}

/** The typed error that an answer with an error status means. Reads its body. */
export async function errorOfResponse(
  response: Response,
  { notFound }: ResponseErrorOptions = {},
): Promise<SandboxError> {
  const text = await response.text().catch(() => '')
  const body = errorBodySchema.safeParse(parseJson(text)).data
  const fallback = response.status === 404 && notFound ? notFound : (codesOfStatus[response.status] ?? 'internal')
  const code = isErrorCode(body?.code) ? body.code : fallback
  return new SandboxError(code, body?.detail ?? (text.slice(0, 500) || `HTTP ${response.status}`), {
    details: { status: response.status, ...(body?.request_id && { requestId: body.request_id }) },
  })
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
