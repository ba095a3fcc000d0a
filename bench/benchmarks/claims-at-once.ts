import { startBenchServer, untilPooled } from '../bench-server.ts'
import { megabytes, milliseconds, type Benchmark } from '../figure.ts'
import { timed } from '../load.ts'
import { residentMegabytes } from '../process-figures.ts'

const count = 100

/** As many claims at once as sandboxes are parked on Docker. */
export const claimsAtOnce: Benchmark = {
  name: 'claims-at-once',
  needsDocker: true,
  async run(settings) {
    await using server = await startBenchServer({
      ...settings,
      CONTAINER_DEPLOYMENT: 'docker',
      POOL_SIZE: String(count),
      // So that none is made meanwhile: only parked ones can be had.
      MAX_SANDBOX_INSTANCES: String(count),
    })
    await untilPooled(server, count, 300_000)
    let names: (string | null)[] = []
    const took = await timed(async () => {
      names = await Promise.all(Array.from({ length: count }, () => server.call<string | null>('create_from_pool')))
    })
    const different = new Set(names.filter((name) => name !== null)).size
    const held = await residentMegabytes(server.pid)
    return [
      {
        what: `${count} claims at once of ${count} parked on Docker`,
        measured: milliseconds(took),
        beside: `${different} different sandboxes, ${count - different} cold or doubled`,
        result: milliseconds(took),
        goal: 'all within 1 s, none doubled, none cold',
        met: took <= 1000 && different === count,
      },
      {
        what: 'memory of the server then',
        measured: megabytes(held),
        beside: '–',
        result: megabytes(held),
        goal: '≤ 200 MB',
        met: held <= 200,
      },
    ]
  },
}
