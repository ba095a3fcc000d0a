import type { ManagerApi, SandboxError } from '@runtime-sandbox/core'
import { managerCalls, type ManagerCallName } from '@runtime-sandbox/protocol'
import { callArguments, type CalledAs } from './call-arguments.ts'
import { errorResponse, publicError, rephrase } from './error-response.ts'
import type { HttpContext, ManagerSource } from './http-environment.ts'
import { invokeCall } from './manager-calls.ts'
import { readJsonBody, type ReadBodyOptions } from './read-json-body.ts'
import { toldAsData } from './told-as-data.ts'

export type RpcOptions = { manager: ManagerSource; body: ReadBodyOptions }

type InvokeAny = (manager: ManagerApi, given: unknown, signal: AbortSignal) => Promise<unknown>

/** Handles `POST /<name>` and its twin. A client that goes away aborts the work. */
export function rpcHandler(name: ManagerCallName, calledAs: CalledAs, { manager, body }: RpcOptions) {
  // The table's key fixes the arguments' type; one handler for all of them cannot say so.
  const invoke = invokeCall[name] as InvokeAny
  return async (context: HttpContext): Promise<Response> => {
    const { signal } = context.req.raw
    try {
      const given = callArguments(managerCalls[name], calledAs, await readJsonBody(context.req.raw, body))
      const current = manager()
      const data = await invoke(current, given, signal)
      if (signal.aborted) await takeBack(name, current, data)
      return context.json({ data })
    } catch (thrown) {
      if (signal.aborted) return clientGone(context, calledAs.name, thrown)
      const error = publicError(thrown, context)
      logFailure(context, error, calledAs.name)
      const told = toldAsData(name, error)
      if (told) return context.json(told)
      return errorResponse(context, rephrase(error, `Error in ${calledAs.name}: ${error.message}`))
    }
  }
}

/** Nobody reads this answer; its status is for the log. */
function clientGone(context: HttpContext, call: string, thrown: unknown): Response {
  context.get('logger').debug({ call, err: thrown }, 'the client went away')
  return new Response(null, { status: 499 })
}

/** A sandbox whose name nobody will ever read would stay until the server stops. */
async function takeBack(name: ManagerCallName, manager: ManagerApi, data: unknown): Promise<void> {
  if (name === 'create' || name === 'create_from_pool') await manager.release(data as string)
}

function logFailure(context: HttpContext, error: SandboxError, call: string): void {
  const fields = { call, code: error.code, err: error }
  if (error.status >= 500) context.get('logger').error(fields, 'call failed')
  else context.get('logger').debug(fields, 'call refused')
}
