import { errorKind, errorTable, type ErrorCode } from './error-table.ts'

const brand = Symbol.for('@runtime-sandbox/error')

export type SandboxErrorOptions = {
  /** The error beneath, as its library threw it. */
  cause?: unknown
  /** Facts for logs and clients. Never a secret. */
  details?: Record<string, unknown>
}

/** The one error class that crosses ports. Callers branch on `code`. */
export class SandboxError extends Error {
  readonly code: ErrorCode
  readonly details: Record<string, unknown>
  readonly [brand] = true

  constructor(code: ErrorCode, message: string, { cause, details = {} }: SandboxErrorOptions = {}) {
    super(message, cause === undefined ? undefined : { cause })
    this.name = 'SandboxError'
    this.code = code
    this.details = details
  }

  /** HTTP status of this kind of error. */
  get status(): number {
    return errorKind(this.code).status
  }

  /** Whether the same request may succeed later, unchanged. */
  get retryable(): boolean {
    return errorKind(this.code).retryable
  }

  /** Id of the request that failed, where one is known; the server's log has it. */
  get requestId(): string | undefined {
    const { requestId } = this.details
    return typeof requestId === 'string' ? requestId : undefined
  }

  /** What the reader can do about it. */
  get remediation(): string {
    return errorKind(this.code).remediation
  }

  /** Whether `value` is a SandboxError, also one of another copy of this package. */
  static is(value: unknown, code?: ErrorCode): value is SandboxError {
    if (typeof value !== 'object' || value === null || !(brand in value)) return false
    return code === undefined || (value as SandboxError).code === code
  }

  /** `value` itself if it is a SandboxError, else an `internal` error around it. */
  static from(value: unknown): SandboxError {
    if (SandboxError.is(value)) return value
    return new SandboxError('internal', value instanceof Error ? value.message : String(value), { cause: value })
  }
}

/** Whether `code` is in the error table; for codes that come over the wire. */
export function isErrorCode(code: unknown): code is ErrorCode {
  return typeof code === 'string' && Object.hasOwn(errorTable, code)
}
