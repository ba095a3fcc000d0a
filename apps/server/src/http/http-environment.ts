import type { HttpBindings } from '@hono/node-server'
import type { Logger, ManagerApi } from '@runtime-sandbox/core'
import type { Context } from 'hono'

/** What every handler finds in its context. `Bindings` is absent when the app is called without a node server. */
export type HttpEnvironment = {
  Bindings: Partial<HttpBindings>
  Variables: { requestId: string; logger: Logger }
}

export type HttpContext = Context<HttpEnvironment>

/** The manager to work with, at the moment of a request. @throws SandboxError `starting`, `shutting_down` */
export type ManagerSource = () => ManagerApi
