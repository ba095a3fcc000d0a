import { readFile } from 'node:fs/promises'
import { mcpServersSchema } from '@runtime-sandbox/protocol'
import type { McpServers } from './mcp-servers.ts'

export type BootOptions = {
  /** Files that may hold the configuration; the first that is there counts. */
  files: readonly string[]
  log: (level: 'info' | 'error', message: string, fields?: Record<string, unknown>) => void
}

/** Starts the servers of the image's `mcp_server_configs.json`. What fails is logged; the sandbox is usable without it. Never throws. */
export async function startConfiguredServers(servers: McpServers, { files, log }: BootOptions): Promise<void> {
  for (const file of files) {
    const text = await readFile(file, 'utf8').catch(() => undefined)
    if (text !== undefined) return startServersOf(file, text, servers, log)
  }
}

async function startServersOf(file: string, text: string, servers: McpServers, log: BootOptions['log']): Promise<void> {
  try {
    const { mcpServers } = mcpServersSchema.parse(JSON.parse(text))
    const failed = await servers.add(mcpServers, { overwrite: true })
    for (const [name, error] of failed) log('error', 'an MCP server of the image did not start', { name, error })
  } catch (error) {
    log('error', 'the MCP servers of the image cannot be read', { file, error: (error as Error).message })
  }
}
