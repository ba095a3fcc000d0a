import { SandboxError } from '@runtime-sandbox/core'

export type ReadBodyOptions = {
  /** Most bytes that are taken. */
  maxBytes: number
  /** How long the whole body may take to arrive. */
  timeoutMs: number
}

const maxDepth = 200

/**
 * Reads a JSON object. Never holds more than `maxBytes`, however long the body is; what it does not read is dropped by the
 * server beneath, which cuts the connection when that takes too long.
 *
 * @throws SandboxError `invalid_body`, `payload_too_large`, `invalid_argument` (NUL bytes, absurd nesting)
 */
export async function readJsonBody(request: Request, options: ReadBodyOptions): Promise<Record<string, unknown>> {
  const bytes = await readBytes(request, options)
  const value = parseJson(decodeUtf8(bytes))
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new SandboxError('invalid_body', `the request body must be a JSON object, not ${describe(value)}`)
  }
  assertHarmless(value)
  return value as Record<string, unknown>
}

async function readBytes(request: Request, { maxBytes, timeoutMs }: ReadBodyOptions): Promise<Uint8Array> {
  const tooLarge = () => new SandboxError('payload_too_large', `the request body is larger than ${maxBytes} bytes`)
  if (Number(request.headers.get('content-length') ?? 0) > maxBytes) throw tooLarge()
  if (!request.body) return new Uint8Array()
  const chunks: Uint8Array[] = []
  let size = 0
  const reader = request.body.getReader()
  const late = deadline(timeoutMs)
  try {
    for (;;) {
      const { done, value } = await Promise.race([reader.read(), late.promise])
      if (done) return Buffer.concat(chunks, size)
      size += value.byteLength
      if (size > maxBytes) throw tooLarge()
      chunks.push(value)
    }
  } finally {
    late.cancel()
  }
}

function deadline(timeoutMs: number): { promise: Promise<never>; cancel: () => void } {
  const { promise, reject } = Promise.withResolvers<never>()
  promise.catch(() => {})
  const timer = setTimeout(() => {
    reject(new SandboxError('invalid_body', `the request body did not arrive within ${timeoutMs / 1000} s`))
  }, timeoutMs)
  return { promise, cancel: () => clearTimeout(timer) }
}

function decodeUtf8(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    throw new SandboxError('invalid_body', 'the request body is not UTF-8')
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    const start = text.search(/\S/)
    // Where no value even begins, the words are those that clients of the contract know.
    if (start === -1 || !/["[{\d-]/.test(text[start]!))
      throw new SandboxError('invalid_body', expectingValue(text, start))
    throw new SandboxError('invalid_body', 'the request body is not valid JSON')
  }
}

function expectingValue(text: string, start: number): string {
  const position = Math.max(start, 0)
  const before = text.slice(0, position).split('\n')
  return `Expecting value: line ${before.length} column ${before.at(-1)!.length + 1} (char ${position})`
}

function describe(value: unknown): string {
  if (value === null) return 'null'
  return Array.isArray(value) ? 'an array' : `a ${typeof value}`
}

/** A NUL byte ends strings in most of what stands behind us, and endless nesting overflows stacks: both are refused here. */
function assertHarmless(root: object): void {
  const pending: { value: unknown; path: string; depth: number }[] = [{ value: root, path: '', depth: 0 }]
  for (let item = pending.pop(); item; item = pending.pop()) {
    const { value, path, depth } = item
    if (typeof value === 'string' && value.includes('\0')) {
      throw new SandboxError('invalid_argument', `${path}: contains a NUL byte`)
    }
    if (typeof value !== 'object' || value === null) continue
    if (depth >= maxDepth)
      throw new SandboxError('invalid_argument', `the body is nested deeper than ${maxDepth} levels`)
    for (const [key, child] of Object.entries(value)) {
      if (key.includes('\0'))
        throw new SandboxError('invalid_argument', `${path || 'body'}: a name contains a NUL byte`)
      const name = depth > 8 ? path : path === '' ? key : `${path}.${key}`
      pending.push({ value: child, path: name.slice(0, 200), depth: depth + 1 })
    }
  }
}
