import { SandboxError, type SandboxRecord } from '@runtime-sandbox/core'
import type { ManagerContext } from '../manager-context.ts'
import { findRecord } from '../records/find-sandbox.ts'
import type { SandboxEnder } from './sandbox-ender.ts'

const maxRedirects = 10

/**
 * Releases the sandbox that `identity` stands for; one that was replaced, with what replaced it. An unknown one is released
 * already.
 *
 * @throws `engine_unavailable`, `state_unavailable`, `redirect_loop`
 */
export async function releaseSandbox(identity: string, context: ManagerContext, ender: SandboxEnder): Promise<void> {
  const { state, settings } = context
  const stubs: SandboxRecord[] = []
  let record = await findRecord({ state, prefix: settings.prefix }, identity)
  while (record?.state === 'replaced' && record.redirectTo !== null) {
    if (stubs.length === maxRedirects) {
      throw new SandboxError('redirect_loop', `Redirect loop detected for container ${identity}`)
    }
    stubs.push(record)
    record = await state.get(record.redirectTo)
  }
  if (record) await ender.release(record.name, 'released by its caller')
  for (const stub of stubs) await ender.release(stub.name, 'what replaced it was released')
}
