import { toolResultSchema, type WireToolResult } from '@runtime-sandbox/protocol'
import { McpFailure } from './mcp-failure.ts'

type AnyResult = { _meta?: unknown; content?: unknown; structuredContent?: unknown; isError?: unknown }

/** Largest result that is passed on, as JSON. */
const maxResultBytes = 48 * 1024 * 1024

/** A server's result in the shape of the contract. @throws McpFailure when it is none, or too large */
export function callResult({ _meta, content, structuredContent, isError }: AnyResult): WireToolResult {
  const result = toolResultSchema.safeParse({
    meta: _meta ?? null,
    content: content ?? [],
    ...(structuredContent !== undefined && { structuredContent }),
    isError: isError === true,
  })
  if (!result.success) throw new McpFailure('the server answered with something else than the result of a tool')
  if (JSON.stringify(result.data).length > maxResultBytes) {
    throw new McpFailure(`the result is larger than ${maxResultBytes} bytes`)
  }
  return result.data
}

// Of the MCP specification and its SDK.
const connectionClosed = -32_000
const requestTimeout = -32_001

/**
 * What the server said of a call that failed, as the result of the tool.
 *
 * @throws McpFailure when the server itself failed
 */
export function failureResult(error: unknown, server: string, { timeoutMs }: { timeoutMs: number }): WireToolResult {
  const code = (error as { code?: unknown }).code
  if (code === requestTimeout) {
    return { ...errorResult(`timed out after ${timeoutMs / 1000} s: the call was cancelled`), timed_out: true }
  }
  if (error instanceof McpFailure) throw error
  if (typeof code === 'number' && code !== connectionClosed) return errorResult((error as Error).message)
  throw new McpFailure(`MCP server '${server}' ended during the call: ${(error as Error).message}`, { cause: error })
}

function errorResult(text: string): WireToolResult {
  return { meta: null, content: [{ type: 'text', text, annotations: null }], isError: true }
}
