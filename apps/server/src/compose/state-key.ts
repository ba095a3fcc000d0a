import { createHash, randomUUID } from 'node:crypto'
import { hostname } from 'node:os'

export type StateKeyOptions = { workspaceRoot: string | null; host: string; port: number }

/**
 * Names a state store in memory among all servers that share an engine. A successor on the same machine, workspace folder,
 * address and port has the same key and takes over what its predecessor left behind; because the port is held while the
 * server lives, no two live servers have it. With port 0 there is no successor.
 */
export function memoryStateKey({ workspaceRoot, host, port }: StateKeyOptions): string {
  const identity = port === 0 ? randomUUID() : [hostname(), workspaceRoot ?? '', host, port].join('\0')
  return createHash('sha256').update(identity).digest('hex').slice(0, 12)
}
