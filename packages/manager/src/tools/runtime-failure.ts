import { STATUS_CODES } from 'node:http'
import { SandboxError, type ToolResult } from '@runtime-sandbox/core'
import type { RuntimeAnswer } from '../runtime/runtime-client.ts'

const maxDetailLength = 64 * 1024

/** What a runtime's error answer says, in the form of the wire contract, with the runtime's own words and no address. */
export function failureText({ status, text }: RuntimeAnswer): string {
  const side = status < 500 ? 'Client' : 'Server'
  const detail = detailOf(text)
  return `${status} ${side} Error: ${STATUS_CODES[status] ?? 'Unknown'}${detail === '' ? '' : `: ${detail}`}`
}

/** The same as a tool's answer: an error of a tool is data. */
export function failedToolResult(answer: RuntimeAnswer): ToolResult {
  return { meta: null, content: [{ type: 'text', text: failureText(answer) }], isError: true }
}

/** A runtime that refuses its own token is another one, at an address that was ours. @throws SandboxError `sandbox_unreachable` */
export function assertOwnRuntime({ status }: RuntimeAnswer, name: string): void {
  if (status !== 401 && status !== 403) return
  throw new SandboxError('sandbox_unreachable', `what answers for sandbox ${name} does not know its token`)
}

/** The JSON of an answer. @throws SandboxError `sandbox_unreachable` when it is none */
export function jsonOf({ text }: RuntimeAnswer, name: string): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch (error) {
    throw new SandboxError('sandbox_unreachable', `sandbox ${name} did not answer with JSON`, { cause: error })
  }
}

function detailOf(text: string): string {
  let detail: unknown = text
  try {
    const body = JSON.parse(text) as { detail?: unknown }
    detail = body.detail ?? text
  } catch {
    // Not JSON: the text itself.
  }
  return (typeof detail === 'string' ? detail : JSON.stringify(detail)).slice(0, maxDetailLength)
}
