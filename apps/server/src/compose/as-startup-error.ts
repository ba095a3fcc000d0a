import { SandboxError } from '@runtime-sandbox/core'
import { exitCodes } from '../exit-codes.ts'
import { StartupError } from '../startup-error.ts'

/** A refused setting, or an engine that failed; anything else is a defect and stays what it is. */
export function asStartupError(error: unknown): unknown {
  if (error instanceof StartupError || !SandboxError.is(error) || error.code === 'internal') return error
  const exitCode = error.status < 500 ? exitCodes.configuration : exitCodes.unavailable
  return new StartupError(exitCode, [error.message], { cause: error })
}
