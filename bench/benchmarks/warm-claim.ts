import { startBenchServer, untilPooled } from '../bench-server.ts'
import { milliseconds, times, type Benchmark } from '../figure.ts'
import { inTurns } from '../load.ts'
import { percentile } from '../statistics.ts'

const claims = 40

/** Taking a parked sandbox, beside a look at /health, while the pool refills. */
export const warmClaim: Benchmark = {
  name: 'warm-claim',
  needsDocker: false,
  async run(settings) {
    const spare = 10
    await using server = await startBenchServer({ ...settings, POOL_SIZE: String(claims + spare) })
    await untilPooled(server, claims + spare)
    const health = () => server.client.request('GET', '/health')
    for (let round = 0; round < 20; round++) await health()
    const claim = () => server.call('create_from_pool')
    const { claimed, looked } = await inTurns({ looked: health, claimed: claim }, claims)
    return [
      [0.5, 8],
      [0.99, 20],
    ].map(([share, most]) => {
      const ratio = percentile(claimed, share!) / percentile(looked, share!)
      return {
        what: `warm claim over HTTP, p${share! * 100}`,
        measured: milliseconds(percentile(claimed, share!)),
        beside: `GET /health ${milliseconds(percentile(looked, share!))}`,
        result: times(ratio),
        goal: `≤ ${most}×`,
        met: ratio <= most!,
      }
    })
  },
}
