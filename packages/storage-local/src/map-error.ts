import { SandboxError } from '@runtime-sandbox/core'

/** What a failed transfer means. Texts name no path of the host: they go to clients; `cause` has the system's own words. */
export function mapStorageError(error: unknown, signal: AbortSignal | undefined): unknown {
  if (signal?.aborted) return signal.reason
  if (SandboxError.is(error)) return error
  const code = (error as { code?: unknown } | null)?.code
  const reason = typeof code === 'string' ? code : 'unknown error'
  return new SandboxError('storage_unavailable', `the workspace could not be copied (${reason})`, { cause: error })
}
