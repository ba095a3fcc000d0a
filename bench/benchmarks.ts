import { startBenchServer, timed, type BenchServer } from './server.ts'
import { percentile } from './statistics.ts'

/** One line of the result: what was measured, beside what it is compared with in the same run. */
export type Row = {
  what: string
  p50: number
  p99: number
  /** What the ratios are to. */
  than: string
  ratioP50: number
  ratioP99: number
  goal: string
}

type Settings = Readonly<Record<string, string>>
type Pair = { measured: number[]; baseline: number[] }

function rowOf(what: string, than: string, { measured, baseline }: Pair, goal: string): Row {
  const [p50, p99] = [percentile(measured, 0.5), percentile(measured, 0.99)]
  const ratioP50 = p50 / percentile(baseline, 0.5)
  return { what, than, p50, p99, ratioP50, ratioP99: p99 / percentile(baseline, 0.99), goal }
}

async function create(server: BenchServer): Promise<string> {
  const { data } = await server.request('POST', '/create_from_pool', {})
  if (typeof data !== 'string') throw new Error('no sandbox was made')
  return data
}

const health = (server: BenchServer) => timed(() => server.request('GET', '/health'))

/** Taking a parked sandbox, beside a look at /health on the same connection. */
export async function warmClaim(settings: Settings): Promise<Row> {
  const claims = 40
  await using server = await startBenchServer({
    ...settings,
    POOL_SIZE: String(claims + 10),
    MAX_SANDBOX_INSTANCES: '200',
  })
  await untilPooled(server, claims + 10)
  const pair: Pair = { measured: [], baseline: [] }
  for (let round = 0; round < 20; round += 1) await health(server)
  const names: string[] = []
  for (let round = 0; round < claims; round += 1) {
    pair.baseline.push(await health(server))
    pair.measured.push(await timed(async () => names.push(await create(server))))
  }
  await Promise.all(names.map((identity) => server.request('POST', '/release', { identity })))
  return rowOf('warm claim', 'GET /health', pair, 'p50 ≤ 8×, p99 ≤ 20×')
}

/** A shell command through the server, beside a look at /health. */
export async function toolCall(settings: Settings): Promise<Row> {
  await using server = await startBenchServer({ ...settings, POOL_SIZE: '0' })
  const identity = await create(server)
  const call = () =>
    server.request('POST', '/call_tool', { identity, tool_name: 'run_shell_command', arguments: { command: 'true' } })
  const pair: Pair = { measured: [], baseline: [] }
  for (let round = 0; round < 20; round += 1) await call()
  for (let round = 0; round < 200; round += 1) {
    pair.baseline.push(await health(server))
    pair.measured.push(await timed(call))
  }
  return rowOf('shell command `true`', 'GET /health', pair, '–')
}

/** Making a sandbox until it is healthy, beside taking a parked one. */
export async function coldStart(settings: Settings): Promise<Row> {
  const rounds = 10
  await using cold = await startBenchServer({ ...settings, POOL_SIZE: '0' })
  await using warm = await startBenchServer({ ...settings, POOL_SIZE: String(rounds) })
  await untilPooled(warm, rounds)
  const pair: Pair = { measured: [], baseline: [] }
  for (let round = 0; round < rounds; round += 1) {
    for (const [server, times] of [
      [cold, pair.measured],
      [warm, pair.baseline],
    ] as const) {
      let identity = ''
      times.push(await timed(async () => (identity = await create(server))))
      await server.request('POST', '/release', { identity })
    }
  }
  return rowOf('cold create', 'warm claim', pair, '–')
}

/** Waits until so many sandboxes are parked. */
async function untilPooled(server: BenchServer, size: number): Promise<void> {
  const deadline = performance.now() + 120_000
  while (server.warmed() < size) {
    if (performance.now() > deadline)
      throw new Error(`the pool has ${server.warmed()} of ${size} sandboxes after two minutes`)
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}
