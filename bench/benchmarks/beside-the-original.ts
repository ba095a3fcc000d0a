import { startBenchServer, untilPooled } from '../bench-server.ts'
import { megabytes, milliseconds, times, type Benchmark, type Figure } from '../figure.ts'
import { load, type JsonClient, type Load } from '../load.ts'
import { startOriginalServer } from '../original-server.ts'
import { residentMegabytes } from '../process-figures.ts'

const pool = '16'
const command = { tool_name: 'run_shell_command', arguments: { command: 'true' } }
const counts = { call: { 1: 100, 16: 320 }, cycle: { 1: 12, 16: 32 } } as const

type Server = { client: JsonClient; pid: number }

/**
 * The original's server and ours, in turns, on the same engine with the same image, memory state, a pool of the same size and the
 * same load over the common wire.
 */
export const besideTheOriginal: Benchmark = {
  name: 'beside-the-original',
  needsDocker: true,
  async run(settings) {
    const common = { ...settings, CONTAINER_DEPLOYMENT: 'docker', POOL_SIZE: pool }
    await using ours = await startBenchServer({
      ...common,
      CONTAINER_PREFIX_KEY: 'bench-ours-',
      PORT_RANGE: '[42000,43000]',
    })
    await using theirs = await startOriginalServer(
      { ...common, CONTAINER_PREFIX_KEY: 'bench-theirs-', PORT_RANGE: '[43000,44000]', HEARTBEAT_TIMEOUT: '3000' },
      41_999,
    )
    await untilPooled(ours, Number(pool))
    await quiet()
    const figures: Figure[] = []
    for (const clients of [1, 16] as const) {
      figures.push(...(await calls(ours, theirs, clients)))
      figures.push(...(await cycles(ours, theirs, clients)))
    }
    figures.push({
      what: 'memory of the server after that',
      measured: megabytes(await residentMegabytes(ours.pid)),
      beside: `the original ${megabytes(await residentMegabytes(theirs.pid))}`,
      result: times((await residentMegabytes(ours.pid)) / (await residentMegabytes(theirs.pid))),
    })
    return figures
  },
}

/** call_tool alone, each client with a sandbox of its own. */
async function calls(ours: Server, theirs: Server, clients: 1 | 16): Promise<Figure[]> {
  const measure = async ({ client }: Server) => {
    const identities = await Promise.all(Array.from({ length: clients }, () => claim(client)))
    await quiet()
    let next = 0
    const call = () => callTool(client, identities[next++ % clients]!)
    await load(call, { clients, count: clients * 2 })
    const result = await load(call, { clients, count: counts.call[clients] })
    for (const identity of identities) await release(client, identity)
    return result
  }
  const their = await measure(theirs)
  const our = await measure(ours)
  return [...throughput('call_tool', clients, our, their), ...tail('call_tool', clients, our, their)]
}

/** create_from_pool, call_tool, release. */
async function cycles(ours: Server, theirs: Server, clients: 1 | 16): Promise<Figure[]> {
  const measure = async ({ client }: Server) => {
    await quiet()
    const cycle = async () => {
      const identity = await claim(client)
      await callTool(client, identity)
      await release(client, identity)
    }
    return load(cycle, { clients, count: counts.cycle[clients] })
  }
  const their = await measure(theirs)
  const our = await measure(ours)
  return throughput('create + call + release', clients, our, their)
}

function throughput(what: string, clients: 1 | 16, our: Load, their: Load): Figure[] {
  const ratio = our.perSecond / their.perSecond
  const isGoal = what === 'call_tool' && clients === 16
  const tell = ({ perSecond, p50, p99, errors }: Load) =>
    `${perSecond.toFixed(1)}/s, p50 ${milliseconds(p50)}, p99 ${milliseconds(p99)}, ${errors} errors`
  return [
    {
      what: `${what}, ${clients} at once`,
      measured: tell(our),
      beside: `the original ${tell(their)}`,
      result: times(ratio),
      ...(isGoal && { goal: '≥ 5×', met: ratio >= 5 }),
    },
  ]
}

function tail(what: string, clients: 1 | 16, our: Load, their: Load): Figure[] {
  if (clients === 1) return []
  const ratio = their.p99 / our.p99
  return [
    {
      what: `${what}, ${clients} at once, p99`,
      measured: milliseconds(our.p99),
      beside: `the original ${milliseconds(their.p99)}`,
      result: `${times(ratio)} faster`,
      goal: '≥ 5×',
      met: ratio >= 5,
    },
  ]
}

async function claim(client: JsonClient): Promise<string> {
  const meta = { session_ctx_id: crypto.randomUUID() }
  const { data } = await client.request<{ data: string | null }>('POST', '/create_from_pool', {
    sandbox_type: 'base',
    meta,
  })
  if (!data) throw new Error('no sandbox')
  return data
}

async function callTool(client: JsonClient, identity: string): Promise<void> {
  type Answer = { data: { content: { text: string }[]; isError: boolean } }
  const { data } = await client.request<Answer>('POST', '/call_tool', { identity, ...command })
  if (data.content.at(-1)?.text !== '0') throw new Error('the command did not run')
}

async function release(client: JsonClient, identity: string): Promise<void> {
  await client.request('POST', '/release', { identity })
}

/** Until the pools of both are filled again; that of the original tells nothing. */
async function quiet(): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, 20_000))
}
