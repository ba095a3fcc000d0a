import { SandboxError, type CreateFromPoolOptions, type CreateOptions, type ManagerApi } from '@runtime-sandbox/core'
import { encodeRecord, type managerCalls, type ManagerCallName } from '@runtime-sandbox/protocol'
import type { z } from 'zod'

type Arguments<Name extends ManagerCallName> = z.output<(typeof managerCalls)[Name]['body']>
type Invoke<Name extends ManagerCallName> = (
  manager: ManagerApi,
  given: Arguments<Name>,
  signal: AbortSignal,
) => Promise<unknown>

/** What each remote call does with the manager; the answer is `data`. */
export const invokeCall: { readonly [Name in ManagerCallName]: Invoke<Name> } = {
  create_from_pool: (manager, { sandbox_type, meta }, signal) =>
    manager.createFromPool(given<CreateFromPoolOptions>({ sandboxType: sandbox_type, meta, signal })),
  create: (manager, { sandbox_type, mount_dir, storage_path, environment, meta }, signal) => {
    const variables = environment && withoutNull(environment)
    return manager.create(
      given<CreateOptions>({
        sandboxType: sandbox_type,
        mountDir: mount_dir,
        storagePath: storage_path,
        environment: variables,
        meta,
        signal,
      }),
    )
  },
  release: (manager, { identity }, signal) => manager.release(identity, { signal }),
  start: async (manager, { identity }, signal) => {
    await manager.start(identity, { signal })
    return true
  },
  stop: async (manager, { identity }, signal) => {
    await manager.stop(identity, { signal })
    return true
  },
  get_status: async (manager, { identity }, signal) => (await manager.getStatus(identity, { signal })) ?? null,
  get_info: async (manager, { identity }, signal) => encodeRecord(await manager.getInfo(identity, { signal })),
  check_health: (manager, { identity }, signal) => manager.checkHealth(identity, { signal }),
  list_tools: (manager, { identity, tool_type }, signal) =>
    manager.listTools(identity, { toolType: tool_type ?? undefined, signal }),
  call_tool: (manager, { identity, tool_name, arguments: values }, signal) => {
    if (!tool_name) throw new SandboxError('invalid_argument', 'tool_name: the name of a tool is needed')
    return manager.callTool(identity, tool_name, { arguments: values ?? {}, signal })
  },
  add_mcp_servers: (manager, { identity, server_configs, overwrite }, signal) =>
    manager.addMcpServers(identity, server_configs, { overwrite: overwrite ?? false, signal }),
  get_session_mapping: (manager, { session_ctx_id }, signal) => manager.getSessionMapping(session_ctx_id, { signal }),
  list_session_keys: (manager, _, signal) => manager.listSessionKeys({ signal }),
  cleanup: async (manager, _, signal) => {
    await manager.cleanup({ signal })
    return null
  },
}

type Nullable<Options> = { [Key in keyof Options]?: Options[Key] | null | undefined }

/** Leaves out what is null or undefined: on the wire both mean "not given". */
function given<Options extends object>(options: Nullable<Options>): Options {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value != null)) as Options
}

function withoutNull(environment: Record<string, string | null>): Record<string, string> {
  for (const [name, value] of Object.entries(environment)) {
    if (value === null) {
      throw new SandboxError('invalid_argument', `environment variable '${name}' is null`, {
        details: { toldAsData: true },
      })
    }
  }
  return environment as Record<string, string>
}
