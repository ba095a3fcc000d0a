import { fileURLToPath } from 'node:url'
import { startBenchServer, untilPooled, type BenchServer } from '../bench-server.ts'
import { milliseconds, times, type Benchmark } from '../figure.ts'
import { inTurns, load } from '../load.ts'
import { processorSeconds } from '../process-figures.ts'
import { percentile } from '../statistics.ts'

const engine = fileURLToPath(new URL('../instant-engine.ts', import.meta.url))
const few = 10
const many = 10_000
const claims = 150
/** Long enough for a whole round of everything that is done from time to time. */
const idleSeconds = 110

/** Claims with few and with many sandboxes in the store, and what the server does while nobody asks for anything. */
export const manyRecords: Benchmark = {
  name: 'many-records',
  needsDocker: false,
  async run() {
    const settings = { CONTAINER_DEPLOYMENT: engine, POOL_SIZE: '20' }
    await using small = await startBenchServer(settings)
    await using large = await startBenchServer(settings)
    await Promise.all([fill(small, few), fill(large, many)])
    await Promise.all([untilPooled(small, 20), untilPooled(large, 20)])
    const claim = (server: BenchServer) => () => server.call('create_from_pool')
    await inTurns({ small: claim(small), large: claim(large) }, 30)
    const samples = await inTurns({ small: claim(small), large: claim(large) }, claims)
    const ratio = percentile(samples.large, 0.5) / percentile(samples.small, 0.5)
    await new Promise((resolve) => setTimeout(resolve, 2000))
    const before = await processorSeconds(large.pid)
    await new Promise((resolve) => setTimeout(resolve, idleSeconds * 1000))
    const share = ((await processorSeconds(large.pid)) - before) / idleSeconds
    return [
      {
        what: `claim with ${many} records, p50`,
        measured: milliseconds(percentile(samples.large, 0.5)),
        beside: `with ${few} ${milliseconds(percentile(samples.small, 0.5))}`,
        result: times(ratio),
        goal: '≤ 1.2×',
        met: ratio <= 1.2,
      },
      {
        what: `an idle server with ${many} records`,
        measured: `${(share * idleSeconds).toFixed(2)} s of processor time in ${idleSeconds} s`,
        beside: '–',
        result: `${(share * 100).toFixed(1)} % of a core`,
        goal: '≤ 1 %',
        met: share <= 0.01,
      },
    ]
  },
}

async function fill(server: BenchServer, count: number): Promise<void> {
  let made = 0
  const create = () => server.call('create', { meta: { session_ctx_id: `session-${made++}` } })
  await load(create, { clients: 8, count })
}
