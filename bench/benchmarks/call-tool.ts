import { startBenchServer } from '../bench-server.ts'
import { milliseconds, times, type Benchmark } from '../figure.ts'
import { inTurns, JsonClient, load } from '../load.ts'
import { percentile } from '../statistics.ts'

/** A shell command `true` through the server, beside the same straight to the runtime. */
export const callTool: Benchmark = {
  name: 'call-tool',
  needsDocker: false,
  async run(settings) {
    await using server = await startBenchServer({ ...settings, POOL_SIZE: '0' })
    const identity = await server.call<string>('create_from_pool')
    const { url, runtime_token: token } = await server.call<{ url: string; runtime_token: string }>('get_info', {
      identity,
    })
    await using runtime = new JsonClient(url, token)
    const straight = () => runtime.request('POST', '/fastapi/tools/run_shell_command', { command: 'true' })
    const body = { identity, tool_name: 'run_shell_command', arguments: { command: 'true' } }
    const through = () => server.call('call_tool', body)
    await inTurns({ straight, through }, 30)
    const latency = await inTurns({ straight, through }, 300)
    const added = percentile(latency.through, 0.5) - percentile(latency.straight, 0.5)
    const rates = { straight: 0, through: 0 }
    for (let round = 0; round < 3; round++) {
      rates.straight += (await load(straight, { clients: 32, count: 400 })).perSecond / 3
      rates.through += (await load(through, { clients: 32, count: 400 })).perSecond / 3
    }
    return [
      {
        what: 'call_tool of `true`, p50',
        measured: milliseconds(percentile(latency.through, 0.5)),
        beside: `straight to the runtime ${milliseconds(percentile(latency.straight, 0.5))}`,
        result: `${milliseconds(added)} added`,
        goal: '≤ 2 ms',
        met: added <= 2,
      },
      {
        what: 'call_tool, 32 in flight',
        measured: `${rates.through.toFixed(0)}/s`,
        beside: `straight to the runtime ${rates.straight.toFixed(0)}/s`,
        result: times(rates.through / rates.straight),
        goal: '≥ 0.6×',
        met: rates.through >= 0.6 * rates.straight,
      },
    ]
  },
}
