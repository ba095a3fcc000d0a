import type { Tool } from '@modelcontextprotocol/sdk/types.js'
import type { McpServerConfig, McpServerInfo, WireToolResult } from '@runtime-sandbox/protocol'
import { McpFailure } from './mcp-failure.ts'
import { McpServer, type CallOptions } from './mcp-server.ts'
import type { McpLaunch } from './open-connection.ts'
import { callResult, failureResult } from './tool-answer.ts'

export type AddOptions = { overwrite: boolean }

export type ListedTools = {
  /** Server → its tools, in the order in which the servers were added. */
  tools: Map<string, Tool[]>
  /** Servers whose tools are not known now → why. */
  failed: Map<string, string>
}

/** The MCP servers of the sandbox. */
export class McpServers {
  readonly #launch: McpLaunch
  readonly #servers = new Map<string, McpServer>()
  /** Additions, restarts and removals, one after the other. */
  #changes: Promise<unknown> = Promise.resolve()

  constructor(launch: McpLaunch) {
    this.#launch = launch
  }

  /**
   * Starts servers, all at once. Those that start stay, also when others fail.
   *
   * @returns name → why, of those that failed; they are not kept
   */
  add(configs: Readonly<Record<string, McpServerConfig>>, { overwrite }: AddOptions): Promise<Map<string, string>> {
    return this.#change(async () => {
      const failed = new Map<string, string>()
      const wanted = Object.entries(configs).filter(([name]) => overwrite || !this.#servers.has(name))
      await Promise.all(
        wanted.map(async ([name, config]) => {
          await this.#servers.get(name)?.close()
          const server = new McpServer(name, config, this.#launch)
          this.#servers.set(name, server)
          try {
            await server.start()
          } catch (error) {
            failed.set(name, (error as Error).message)
            await server.close()
            this.#servers.delete(name)
          }
        }),
      )
      return failed
    })
  }

  async listTools(): Promise<ListedTools> {
    const listed: ListedTools = { tools: new Map(), failed: new Map() }
    const servers = [...this.#servers.values()]
    const results = await Promise.allSettled(servers.map((server) => server.tools()))
    for (const [index, result] of results.entries()) {
      const { name } = servers[index]!
      if (result.status === 'fulfilled') listed.tools.set(name, result.value)
      else listed.failed.set(name, (result.reason as Error).message)
    }
    return listed
  }

  /**
   * Calls the tool of the first server that has one of this name.
   *
   * @returns undefined when none has
   * @throws McpFailure, or the reason of the caller's own signal
   */
  async call(tool: string, values: Record<string, unknown>, options: CallOptions): Promise<WireToolResult | undefined> {
    const owner = await this.#ownerOf(tool)
    if (!owner) return undefined
    try {
      return callResult(await owner.call(tool, values, options))
    } catch (error) {
      options.signal.throwIfAborted()
      return failureResult(error, owner.name, options)
    }
  }

  list(): McpServerInfo[] {
    return [...this.#servers.values()].map(({ info }) => info)
  }

  /** @returns false when there is none of this name */
  remove(name: string): Promise<boolean> {
    return this.#change(async () => {
      const server = this.#servers.get(name)
      this.#servers.delete(name)
      await server?.close()
      return server !== undefined
    })
  }

  /** @returns false when there is none of this name; @throws McpFailure when it does not start, and stays for the next try */
  restart(name: string): Promise<boolean> {
    return this.#change(async () => {
      const server = this.#servers.get(name)
      await server?.restart()
      return server !== undefined
    })
  }

  async close(): Promise<void> {
    await Promise.all([...this.#servers.values()].map((server) => server.close()))
  }

  async #ownerOf(tool: string): Promise<McpServer | undefined> {
    const failures: string[] = []
    for (const server of this.#servers.values()) {
      try {
        if ((await server.tools()).some(({ name }) => name === tool)) return server
      } catch (error) {
        failures.push((error as Error).message)
      }
    }
    // It may be a tool of one that does not run.
    if (failures.length > 0) throw new McpFailure(`Tool '${tool}' not found. ${failures.join('; ')}`)
    return undefined
  }

  #change<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#changes.then(work)
    this.#changes = result.catch(() => {})
    return result
  }
}
