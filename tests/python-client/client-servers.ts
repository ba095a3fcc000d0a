import { ServerProcess } from '../e2e/server-process.ts'

/** Settings of the servers that the cases know, by the name of their fixture. Each asks for a token. */
const settings = {
  main: { POOL_SIZE: '4' },
  limited: { MAX_SANDBOX_INSTANCES: '1', RUNTIME_SANDBOX_TIMEOUT: '5' },
  idle: { HEARTBEAT_TIMEOUT: '2', WATCHER_SCAN_INTERVAL: '1' },
  // Its clients release the sandboxes of all clients.
  shared: {},
}

/** The servers of one engine, each a process. */
export class ClientServers {
  readonly #servers = new Map<string, ServerProcess>()

  /** @param environment chooses the engine */
  static async start(environment: Readonly<Record<string, string>>): Promise<ClientServers> {
    const servers = new ClientServers()
    const starts = Object.entries(settings).map(async ([name, own]) => {
      servers.#servers.set(name, await ServerProcess.start({ environment: { ...environment, ...own } }))
    })
    const failed = (await Promise.allSettled(starts)).find((start) => start.status === 'rejected')
    if (failed === undefined) return servers
    await servers.stop()
    throw failed.reason
  }

  /** Where they are, for the fixtures: JSON of `{ name: { url, token } }`. */
  get addresses(): string {
    return JSON.stringify(
      Object.fromEntries([...this.#servers].map(([name, { url, token }]) => [name, { url, token }])),
    )
  }

  async stop(): Promise<void> {
    await Promise.all([...this.#servers.values()].map((server) => server.stop()))
  }
}
