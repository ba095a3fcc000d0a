import { Agent, type Dispatcher } from 'undici'
import { percentile } from './statistics.ts'

export type Call = () => Promise<unknown>

/** How long `work` takes, milliseconds. */
export async function timed(work: Call): Promise<number> {
  const startedAt = performance.now()
  await work()
  return performance.now() - startedAt
}

/** Latencies of several calls, in turns, so that whatever else the machine does meets all of them. */
export async function inTurns<Name extends string>(calls: Record<Name, Call>, rounds: number) {
  const names = Object.keys(calls) as Name[]
  const samples = Object.fromEntries(names.map((name) => [name, [] as number[]])) as Record<Name, number[]>
  for (let round = 0; round < rounds; round++) {
    for (const name of names) samples[name].push(await timed(calls[name]))
  }
  return samples
}

export type Load = { perSecond: number; p50: number; p99: number; errors: number }

/** Keeps `clients` calls going until `count` were made. */
export async function load(call: Call, { clients, count }: { clients: number; count: number }): Promise<Load> {
  const samples: number[] = []
  let begun = 0
  let errors = 0
  const startedAt = performance.now()
  await Promise.all(
    Array.from({ length: clients }, async () => {
      while (begun++ < count) samples.push(await timed(() => call().catch(() => (errors += 1))))
    }),
  )
  const seconds = (performance.now() - startedAt) / 1000
  return { perSecond: count / seconds, p50: percentile(samples, 0.5), p99: percentile(samples, 0.99), errors }
}

/** JSON over keep-alive connections. Throws on an error status. */
export class JsonClient implements AsyncDisposable {
  readonly #agent: Agent
  readonly #origin: string
  readonly #headers: Record<string, string>

  /** @param url `http://host:port`, or `unix:/path` */
  constructor(url: string, token: string | undefined, connections = 64) {
    const socketPath = url.startsWith('unix:') ? url.slice('unix:'.length) : undefined
    this.#agent = new Agent({ connections, ...(socketPath && { connect: { socketPath } }) })
    this.#origin = socketPath ? 'http://sandbox' : url
    this.#headers = token === undefined ? {} : { authorization: `Bearer ${token}` }
  }

  async request<Data = unknown>(method: 'GET' | 'POST', path: string, body?: unknown): Promise<Data> {
    const { statusCode, body: answer } = await this.stream(
      method,
      path,
      body === undefined ? null : JSON.stringify(body),
    )
    const text = await answer.text()
    if (statusCode !== 200) throw new Error(`${path}: ${statusCode} ${text.slice(0, 200)}`)
    return (text.startsWith('{') ? JSON.parse(text) : text) as Data
  }

  stream(method: Dispatcher.HttpMethod, path: string, body: Dispatcher.DispatchOptions['body'] = null) {
    return this.#agent.request({ origin: this.#origin, method, path, headers: this.#headers, body, bodyTimeout: 0 })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#agent.destroy()
  }
}
