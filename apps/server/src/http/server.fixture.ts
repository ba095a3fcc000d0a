import { silentLogger, type ManagerApi } from '@runtime-sandbox/core'
import { createHttpApp, type HttpAppOptions } from './http-app.ts'
import { listen } from './listen.ts'

/** A listening server over `manager`, for `await using`. */
export async function serve(manager: ManagerApi, options: HttpAppOptions = {}) {
  const app = createHttpApp(manager, { logger: silentLogger, ...options })
  const listener = await listen(app, { host: '127.0.0.1', port: 0 })
  return {
    ...listener,
    async [Symbol.asyncDispose]() {
      await listener.close({ graceMs: 0 })
    },
  }
}
