import { SandboxError } from '@runtime-sandbox/core'

/** How often a call that may be repeated is sent again after its first attempt. */
export const defaultRetries = 2

const firstPauseMs = 250
const longestPauseMs = 5000
/** A server that asks for more patience than this gets its answer passed on instead. */
const longestRetryAfterMs = 30_000

/** Statuses of a failure that may pass. */
const passingStatuses: ReadonlySet<number> = new Set([429, 502, 503, 504])

/** Whether an answer with this status may have `retryable` in its body. */
export function mayPass(status: number): boolean {
  return passingStatuses.has(status)
}

export type RetrySituation = {
  /** The attempt that failed; the first is 1. */
  attempt: number
  retries: number
  /** Until the deadline of the whole call. */
  remainingMs: number
}

/**
 * How long to wait before a call that is safe to repeat is sent again, milliseconds; undefined when it is not to be.
 *
 * A connection that failed is tried again; an error answer is when its status may pass and the server does not say that it will
 * not (`retryable: false`). The pause doubles with each attempt, half of it is chance, and it is never shorter than the server's
 * Retry-After.
 */
export function retryPauseMs(failure: unknown, { attempt, retries, remainingMs }: RetrySituation): number | undefined {
  if (attempt > retries || !SandboxError.is(failure)) return undefined
  const { status, retryable, retryAfterMs = 0 } = failure.details as FailureDetails
  const passing = status === undefined ? failure.code === 'server_unreachable' : mayPass(status) && retryable !== false
  if (!passing || retryAfterMs > longestRetryAfterMs) return undefined
  const backOffMs = Math.min(firstPauseMs * 2 ** (attempt - 1), longestPauseMs)
  const pauseMs = Math.max(backOffMs * (0.5 + Math.random() / 2), retryAfterMs)
  return pauseMs < remainingMs ? pauseMs : undefined
}

/** What the details of an error tell of the answer that it was made of. */
export type FailureDetails = {
  /** HTTP status; undefined when nothing was answered. */
  status?: number
  /** What the server said of it; undefined when it said nothing. */
  retryable?: boolean
  /** The Retry-After of the answer. */
  retryAfterMs?: number
  requestId?: string
}

/** A Retry-After header as milliseconds from now: seconds, or a date. */
export function parseRetryAfter(header: string | null): number | undefined {
  if (header === null) return undefined
  if (/^\d{1,9}$/.test(header.trim())) return Number(header) * 1000
  const at = Date.parse(header)
  return Number.isNaN(at) ? undefined : Math.max(0, at - Date.now())
}
