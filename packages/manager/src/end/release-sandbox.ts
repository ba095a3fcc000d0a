import { SandboxError } from '@runtime-sandbox/core'
import type { ManagerContext } from '../manager-context.ts'
import { findRecord } from '../records/find-sandbox.ts'
import type { SandboxEnder } from './sandbox-ender.ts'

const byCaller = 'released by its caller'

/**
 * Releases the sandbox that `identity` stands for; one that was replaced, with what replaced it. An unknown one is released
 * already.
 *
 * @throws `engine_unavailable`, `state_unavailable`, `redirect_loop`
 */
export async function releaseSandbox(identity: string, context: ManagerContext, ender: SandboxEnder): Promise<void> {
  const { state, settings } = context
  const stubs = new Set<string>()
  let record = await findRecord({ state, prefix: settings.prefix }, identity)
  while (record) {
    // It may be replaced while it waits for its turn.
    const next = record.state === 'replaced' ? record.redirectTo : await ender.release(record.name, byCaller)
    if (next == null) break
    if (stubs.has(record.name)) {
      throw new SandboxError('redirect_loop', `Redirect loop detected for container ${identity}`)
    }
    stubs.add(record.name)
    record = await state.get(next)
  }
  for (const stub of stubs) await ender.releaseStub(stub, 'what replaced it was released')
}
