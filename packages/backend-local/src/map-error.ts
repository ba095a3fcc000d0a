import { SandboxError } from '@runtime-sandbox/core'

/** What the system said when a sandbox was to be made, as an error of the engine. SandboxErrors and reasons of aborts pass. */
export function mapError(error: unknown, doing: string): Error {
  if (SandboxError.is(error) || !isSystemError(error)) return error as Error
  const text = `${doing}: ${error.message}`
  // The tools themselves are missing or may not be run: no sandbox can be made at all.
  if (error.syscall?.startsWith('spawn')) return new SandboxError('engine_unavailable', text, { cause: error })
  return new SandboxError('sandbox_start_failed', text, { cause: error })
}

function isSystemError(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && typeof (error as NodeJS.ErrnoException).code === 'string' && 'errno' in error
}
