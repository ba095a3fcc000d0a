import { describe, expect, it } from 'vitest'
import type { WireClient } from './wire-client.ts'

type Refusal = [what: string, name: string, body: unknown, status: number, detail: RegExp]

const refusals: Refusal[] = [
  ['an empty body', 'create', '', 400, /^Error in create: Expecting value: line 1 column 1 \(char 0\)$/],
  ['no JSON', 'create', '{', 400, /^Error in create: /],
  ['no object', 'create', '[]', 400, /^Error in create: /],
  ['an unknown type', 'create_from_pool', { sandbox_type: 'nope' }, 422, /'nope' is not a valid SandboxType/],
  ['an unknown type, cold', 'create_async', { sandbox_type: 'nope' }, 422, /'nope' is not a valid SandboxType/],
  ['a missing argument', 'release', {}, 422, /missing 1 required positional argument: 'identity'/],
  ['an unknown argument', 'release', { identity: 'x', foo: 1 }, 422, /got an unexpected keyword argument 'foo'/],
  ['a wrong type', 'release', { identity: 5 }, 422, /identity/],
  ['NUL bytes', 'get_info', { identity: 'a\0b' }, 422, /identity/],
  ['a name without end', 'get_info', { identity: 'x'.repeat(10_000) }, 422, /identity/],
  ['a session that is no text', 'create', { meta: { session_ctx_id: 5 } }, 422, /session_ctx_id/],
  ['a mount that is not allowed', 'create', { mount_dir: '/tmp' }, 422, /does not let callers choose a host directory/],
  ['a way out of the storage', 'create', { storage_path: '../../etc' }, 422, /storage_path|storage path/i],
  ['a secret of its own', 'create', { environment: { SECRET_TOKEN: 'mine' } }, 422, /SECRET_TOKEN/],
  ['a variable that is none', 'create', { environment: { 'a b': '1' } }, 422, /environment|variable/],
  ['MCP servers that are none', 'add_mcp_servers', { identity: 'x', server_configs: {} }, 422, /mcpServers/],
]

export function badRequestTests(client: () => WireClient): void {
  describe('a request that cannot be done', () => {
    it.each(refusals)(
      '%s: refused in the shape of all errors, and nothing is made',
      async (_, name, body, status, detail) => {
        const before = await client().data('list_session_keys')
        const answer = await client().call(name, body)
        expect([answer.status, answer.body.detail]).toEqual([status, expect.stringMatching(detail)])
        expect(answer.body).toMatchObject({
          code: expect.any(String),
          retryable: expect.any(Boolean),
          remediation: expect.any(String),
          request_id: answer.headers.get('x-request-id'),
        })
        expect(await client().data('list_session_keys')).toEqual(before)
      },
    )

    it('keeps the id that the client gave it', async () => {
      const answer = await client().call('get_info', { identity: 'x' }, { headers: { 'x-request-id': 'mine-1' } })
      expect([answer.headers.get('x-request-id'), answer.body['request_id']]).toEqual(['mine-1', 'mine-1'])
    })
  })
}

/** On a server with MAX_SANDBOX_INSTANCES=3 and no sandbox. */
export function capacityTests(client: () => WireClient): void {
  describe('the limit', () => {
    it('is held exactly, however many ask at once, and told with null', async () => {
      const names = ['create', 'create_async', 'create_from_pool', 'create_from_pool_async']
      const answers = await Promise.all(Array.from({ length: 8 }, (_, i) => client().call<string>(names[i % 4]!, {})))
      const made = answers.flatMap(({ body }) => body.data ?? [])
      expect(made).toHaveLength(3)
      const refused = answers.filter(({ body }) => body.data === null)
      expect(refused).toHaveLength(5)
      for (const { status, body } of refused) expect([status, body.error?.code]).toEqual([200, 'limit_reached'])
      for (const identity of made) expect(await client().data('release', { identity })).toBe(true)
      const again = await client().sandbox()
      expect(await client().data('release', { identity: again })).toBe(true)
    })
  })
}
