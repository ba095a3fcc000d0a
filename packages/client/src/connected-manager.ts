import type { ManagerApi } from '@runtime-sandbox/core'
import { HttpManager } from './http-manager.ts'
import type { ConnectionOptions } from './sandbox-options.ts'

/** What the options name: the manager in this process, or a server. @throws SandboxError `invalid_argument` when neither */
export function connectedManager(options: ConnectionOptions): ManagerApi {
  return 'manager' in options ? options.manager : new HttpManager(options)
}
