import { randomUUID } from 'node:crypto'
import type { Readable } from 'node:stream'
import type { Transport } from '@modelcontextprotocol/sdk/shared/transport.js'
import type { McpServerConfig } from '@runtime-sandbox/protocol'
import { CappedOutput } from '../process/capped-output.ts'
import { callMark, killMarked } from '../process/kill-tree.ts'
import type { LaunchContext } from '../process/spawn-piped.ts'
import type * as Sdk from './mcp-sdk.ts'

export type McpLaunch = Omit<LaunchContext, 'pipes'>

/** A way to one server. */
export type McpConnection = {
  transport: Transport
  /** The last that the server wrote on its standard error; empty for one that is reached over the network. */
  lastWords: () => string
  /** Ends it at once, with all that it started. Idempotent. */
  kill: () => Promise<void>
}

const stderrKeptBytes = 2048
/** One message of a server; more without a line end is no message. */
const maxMessageBytes = 64 * 1024 * 1024
const defaultSseReadSeconds = 300

/** Time in which a server has to be initialised, and a remote one to begin an answer. */
export function startLimitMs({ timeout = 30 }: McpServerConfig): number {
  return timeout * 1000
}

/** Prepares the connection that a configuration describes; nothing is started or dialled yet. */
export function openConnection(config: McpServerConfig, launch: McpLaunch, sdk: typeof Sdk): McpConnection {
  return config.url === undefined ? overPipes(config, launch, sdk) : overNetwork(config, config.url, sdk)
}

function overPipes(config: McpServerConfig, { cwd, environment }: McpLaunch, sdk: typeof Sdk): McpConnection {
  const mark = `${environment[callMark] ?? ''}.${randomUUID()}`
  const transport = new sdk.StdioClientTransport({
    command: config.command!,
    args: config.args ?? [],
    env: definedOnly({ ...environment, ...config.env, [callMark]: mark }),
    cwd: config.cwd ?? cwd,
    stderr: 'pipe',
    maxBufferSize: maxMessageBytes,
  })
  const words = new CappedOutput(stderrKeptBytes)
  const stderr = transport.stderr as Readable
  stderr.on('data', (data: Buffer) => words.add(data))
  return {
    transport,
    lastWords: () => words.text().trim(),
    kill: async () => {
      await killMarked(mark)
      await transport.close()
    },
  }
}

function overNetwork(config: McpServerConfig, url: string, sdk: typeof Sdk): McpConnection {
  const limitMs = startLimitMs(config)
  const dispatcher = new sdk.Agent({
    connect: { timeout: limitMs },
    headersTimeout: limitMs,
    bodyTimeout: (config.sse_read_timeout ?? defaultSseReadSeconds) * 1000,
  })
  const fetch = ((target: string | URL, init?: object) =>
    sdk.fetch(target, { ...init, dispatcher })) as unknown as typeof globalThis.fetch
  const options = { fetch, requestInit: { headers: config.headers ?? {} } }
  const streamable = config.type === 'streamable_http' || config.type === 'streamableHttp'
  const transport = streamable
    ? new sdk.StreamableHTTPClientTransport(new URL(url), options)
    : new sdk.SSEClientTransport(new URL(url), options)
  return {
    transport: transport as Transport,
    lastWords: () => '',
    kill: async () => {
      await transport.close().catch(() => {})
      await dispatcher.destroy()
    },
  }
}

function definedOnly(environment: NodeJS.ProcessEnv): Record<string, string> {
  const entries = Object.entries(environment).filter((entry): entry is [string, string] => entry[1] !== undefined)
  return Object.fromEntries(entries)
}
