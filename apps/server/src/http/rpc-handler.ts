import type { SandboxError } from '@runtime-sandbox/core'
import { managerCalls, type ManagerCallName } from '@runtime-sandbox/protocol'
import { callArguments, type CalledAs } from './call-arguments.ts'
import { errorResponse, publicError, rephrase } from './error-response.ts'
import type { HttpContext, ManagerSource } from './http-environment.ts'
import { invokeCall } from './manager-calls.ts'
import { readJsonBody, type ReadBodyOptions } from './read-json-body.ts'
import { toldAsData } from './told-as-data.ts'

export type RpcOptions = { manager: ManagerSource; body: ReadBodyOptions }

type InvokeAny = (manager: ReturnType<ManagerSource>, given: unknown, signal: AbortSignal) => Promise<unknown>

/** Handles `POST /<name>` and its twin. A client that goes away aborts the work. */
export function rpcHandler(name: ManagerCallName, calledAs: CalledAs, { manager, body }: RpcOptions) {
  // The table's key fixes the arguments' type; one handler for all of them cannot say so.
  const invoke = invokeCall[name] as InvokeAny
  return async (context: HttpContext): Promise<Response> => {
    const { signal } = context.req.raw
    try {
      const given = callArguments(managerCalls[name], calledAs, await readJsonBody(context.req.raw, body))
      return context.json({ data: await invoke(manager(), given, signal) })
    } catch (thrown) {
      // Nobody reads this answer; the status is for the log.
      if (signal.aborted) return new Response(null, { status: 499 })
      const error = publicError(thrown, context)
      logFailure(context, error, calledAs.name)
      const told = toldAsData(name, error)
      if (told) return context.json(told)
      return errorResponse(context, rephrase(error, `Error in ${calledAs.name}: ${error.message}`))
    }
  }
}

function logFailure(context: HttpContext, error: SandboxError, call: string): void {
  const fields = { call, code: error.code, err: error }
  if (error.status >= 500) context.get('logger').error(fields, 'call failed')
  else context.get('logger').debug(fields, 'call refused')
}
