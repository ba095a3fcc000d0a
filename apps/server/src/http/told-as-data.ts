import type { ErrorCode, SandboxError } from '@runtime-sandbox/core'
import type { ManagerCallName } from '@runtime-sandbox/protocol'

/** `data` of calls whose failures the contract tells with status 200. */
const failureData: Partial<Record<ManagerCallName, null | false>> = {
  create_from_pool: null,
  create: null,
  release: false,
  start: false,
  stop: false,
}

/** Failures of the request itself, and of a server that does not work, have a true status on those calls too. */
const trueStatus: ReadonlySet<ErrorCode> = new Set([
  'invalid_body',
  'payload_too_large',
  'invalid_argument',
  'unknown_sandbox_type',
  'mount_refused',
  'starting',
  'shutting_down',
])

/** The body of a 200 that tells `error`, where the contract wants that; else undefined. The typed error stands beside `data`. */
export function toldAsData(name: ManagerCallName, error: SandboxError) {
  const data = failureData[name]
  const told = error.details['toldAsData'] === true || !trueStatus.has(error.code)
  if (data === undefined || !told) return undefined
  const { code, message, retryable, remediation } = error
  return { data, error: { code, detail: message, retryable, remediation } }
}
