import { describe, expect, it } from 'vitest'
import type { WireClient } from './wire-client.ts'

type Info = { container_name: string; state: string; redirect_to: string | null; recycle_reason: string | null }

/** On a server with HEARTBEAT_TIMEOUT=1. */
export function idleSessionTests(client: () => WireClient): void {
  describe('an idle session', () => {
    const info = (identity: string) => client().data<Info>('get_info', { identity })
    const untilRecycled = (identity: string) =>
      expect.poll(async () => (await info(identity)).state, { timeout: 15_000, interval: 100 }).toBe('recycled')

    it('is recycled, restored by a call through its old id with its files, and again', async () => {
      const first = await client().sandbox('idle')
      await client().shell(first, 'echo kept > /workspace/file')
      await untilRecycled(first)
      expect((await info(first)).recycle_reason).toBe('heartbeat_timeout')
      expect(await client().data('get_session_mapping', { session_ctx_id: 'idle' })).toEqual([first])
      expect((await client().shell(first, 'cat /workspace/file')).content[0]!.text).toBe('kept\n')
      const second = (await info(first)).container_name
      expect(second).not.toBe(first)
      expect(await client().data('get_session_mapping', { session_ctx_id: 'idle' })).toEqual([second])
      await untilRecycled(second)
      expect(await (await client().fetch(`/proxy/${first}/workspace/file?path=file`)).text()).toBe('kept\n')
      const third = (await info(first)).container_name
      expect([(await info(second)).container_name, third !== second]).toEqual([third, true])
      expect(await client().data('release', { identity: first })).toBe(true)
      expect((await info(third)).state).toBe('released')
    })

    it('is not idle while a call goes on', async () => {
      const identity = await client().sandbox()
      expect((await client().shell(identity, 'sleep 4; echo done')).content[0]!.text).toBe('done\n')
      expect((await info(identity)).container_name).toBe(identity)
      await client().data('release', { identity })
    })
  })
}
