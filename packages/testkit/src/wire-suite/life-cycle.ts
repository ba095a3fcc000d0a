import { describe, expect, it } from 'vitest'
import { wireRecordSchema } from '@runtime-sandbox/protocol'
import type { WireClient } from './wire-client.ts'

/** Fields of a record that clients of the original read, in its order. */
const recordFields = `
  session_id container_id container_name url ports mount_dir storage_path runtime_token version meta timeout sandbox_type state
  session_ctx_id last_active_at recycled_at released_at updated_at recycle_reason redirect_to
`
  .trim()
  .split(/\s+/)

type WireInfo = {
  container_name: string
  session_id: string
  container_id: string
  state: string
  [key: string]: unknown
}

/** Each call under its own name and as its twin. */
export function lifeCycleTests(client: () => WireClient, suffix: '' | '_async'): void {
  describe(`a sandbox's life${suffix}`, () => {
    const named = (name: string) => `${name}${suffix}`
    const info = (identity: string) => client().data<WireInfo>(named('get_info'), { identity })

    it('create_from_pool gives the name of a running sandbox, bound to its session', async () => {
      const meta = { session_ctx_id: `life${suffix}`, mine: [1, { two: null }] }
      const identity = await client().data<string>(named('create_from_pool'), { sandbox_type: 'base', meta })
      const record = await info(identity)
      expect(Object.keys(record).slice(0, recordFields.length)).toEqual(recordFields)
      expect(() => wireRecordSchema.parse(record)).not.toThrow()
      expect(record).toMatchObject({
        container_name: identity,
        sandbox_type: 'base',
        state: 'running',
        session_ctx_id: meta.session_ctx_id,
        meta,
        redirect_to: null,
        last_active_at: expect.any(Number),
      })
      expect(identity.endsWith(record.session_id)).toBe(true)
      expect(Math.abs((record['updated_at'] as number) - Date.now() / 1000)).toBeLessThan(120)
      expect(await client().data(named('release'), { identity })).toBe(true)
    })

    it('create_from_pool takes nothing at all, and nulls, for defaults', async () => {
      for (const body of [{}, { sandbox_type: null, meta: null }]) {
        const identity = await client().data<string>(named('create_from_pool'), body)
        expect(await info(identity)).toMatchObject({ sandbox_type: 'base', session_ctx_id: null, state: 'running' })
        expect(await client().data(named('release'), { identity })).toBe(true)
      }
    })

    it('create gives the environment, which calls see', async () => {
      const body = {
        sandbox_type: 'base',
        environment: { COLOR: 'red' },
        mount_dir: null,
        storage_path: null,
        meta: null,
      }
      const identity = await client().data<string>(named('create'), body)
      expect((await client().shell(identity, 'printf $COLOR')).content[0]!.text).toBe('red')
      expect(await client().data(named('release'), { identity })).toBe(true)
    })

    it('create tells with null what it could not do', async () => {
      const answer = await client().call(named('create'), { environment: { A: null } })
      expect(answer).toMatchObject({ status: 200, body: { data: null, error: { code: 'invalid_argument' } } })
    })

    it('the bare session id stands for the sandbox', async () => {
      const identity = await client().sandbox()
      const { session_id: sessionId } = await info(identity)
      expect((await info(sessionId)).container_name).toBe(identity)
      expect(await client().data(named('check_health'), { identity: sessionId })).toBe(true)
      expect(await client().data(named('release'), { identity: sessionId })).toBe(true)
    })

    it('stop and start keep the sandbox and its files, and get_status follows', async () => {
      const identity = await client().sandbox()
      const { container_id: engineId } = await info(identity)
      await client().shell(identity, 'echo 1 > /workspace/kept')
      expect(await client().data(named('get_status'), { identity })).toBe('running')
      expect(await client().data(named('get_status'), { identity: engineId })).toBe('running')
      expect(await client().data(named('stop'), { identity })).toBe(true)
      expect(await client().data(named('get_status'), { identity })).not.toBe('running')
      expect(await client().data(named('check_health'), { identity })).toBe(false)
      expect(await client().data(named('start'), { identity })).toBe(true)
      expect((await client().shell(identity, 'cat /workspace/kept')).content[0]!.text).toBe('1\n')
      await client().data('release', { identity })
    })

    it('release ends it, and is true once more and for the unknown', async () => {
      const identity = await client().sandbox()
      expect(await client().data(named('release'), { identity })).toBe(true)
      expect((await info(identity)).state).toBe('released')
      expect(await client().data(named('get_status'), { identity })).toBeNull()
      expect(await client().data(named('release'), { identity })).toBe(true)
      expect(await client().data(named('release'), { identity: 'unknown' })).toBe(true)
    })

    it('of an unknown sandbox: null, false, or 404 in the words of the contract', async () => {
      const identity = 'x'
      expect(await client().data(named('get_status'), { identity })).toBeNull()
      expect(await client().data(named('start'), { identity })).toBe(false)
      expect(await client().data(named('stop'), { identity })).toBe(false)
      for (const call of ['get_info', 'check_health', 'list_tools']) {
        const answer = await client().call(named(call), { identity })
        expect(answer.status, call).toBe(404)
        expect(answer.body.detail).toBe(`Error in ${named(call)}: No container found with id: x.`)
      }
    })
  })
}
