import { describe, expect, it } from 'vitest'
import { managerCalls } from './manager/routes.ts'
import { genericTools } from './runtime/generic-tools.ts'
import { runtimeRoutes } from './runtime/routes.ts'
import { listQuery, runShellCommandBody, workspacePathSchema } from './runtime/schemas.ts'

describe('the manager surface', () => {
  it('has the fourteen calls of the contract, each with a twin', () => {
    expect(Object.keys(managerCalls).toSorted()).toEqual([
      'add_mcp_servers',
      'call_tool',
      'check_health',
      'cleanup',
      'create',
      'create_from_pool',
      'get_info',
      'get_session_mapping',
      'get_status',
      'list_session_keys',
      'list_tools',
      'release',
      'start',
      'stop',
    ])
    for (const [key, call] of Object.entries(managerCalls)) expect(call.name).toBe(key)
  })

  it('refuses unknown fields, but for list_tools', () => {
    expect(managerCalls.release.body.safeParse({ identity: 'a', foo: 1 }).success).toBe(false)
    expect(managerCalls.list_tools.body.safeParse({ identity: 'a', instance_id: 1 }).success).toBe(true)
  })

  it('takes null for what is not given, as Python clients send it', () => {
    expect(managerCalls.create_from_pool.body.safeParse({ sandbox_type: null, meta: null }).success).toBe(true)
    expect(managerCalls.list_tools.body.safeParse({ identity: 'a', tool_type: null }).success).toBe(true)
  })
})

describe('the runtime surface', () => {
  it('has no two routes of one name, nor of one method and path', () => {
    const routes = Object.values(runtimeRoutes)
    expect(new Set(routes.map(({ name }) => name)).size).toBe(routes.length)
    expect(new Set(routes.map(({ method, path }) => `${method} ${path}`)).size).toBe(routes.length)
  })

  it('bounds what it takes', () => {
    expect(workspacePathSchema.safeParse('a\0b').success).toBe(false)
    expect(workspacePathSchema.safeParse('a'.repeat(4097)).success).toBe(false)
    expect(listQuery.safeParse({ path: '', depth: '0' }).success).toBe(false)
    expect(listQuery.parse({ path: '' }).depth).toBe(1)
    expect(listQuery.parse({ path: '', depth: '' }).depth).toBe(1)
    expect(runShellCommandBody.safeParse({ command: '' }).success).toBe(false)
    expect(runShellCommandBody.safeParse({ command: 'a', timeout: -1 }).success).toBe(false)
  })

  it('describes the two tools of every sandbox as the original does', () => {
    expect(genericTools['run_shell_command']).toEqual({
      name: 'run_shell_command',
      json_schema: {
        type: 'function',
        function: {
          name: 'run_shell_command',
          description: 'Run a shell command.',
          parameters: {
            type: 'object',
            properties: { command: { type: 'string', description: 'Shell command to execute' } },
            required: ['command'],
          },
        },
      },
    })
  })
})
