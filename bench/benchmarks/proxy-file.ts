import { Readable } from 'node:stream'
import { startBenchServer } from '../bench-server.ts'
import { megabytes, times, type Benchmark } from '../figure.ts'
import { JsonClient, timed } from '../load.ts'
import { peakMegabytes, residentMegabytes } from '../process-figures.ts'

const gigabyte = 2 ** 30
const rounds = 3

/** A file of 1 GB through /proxy, beside the same straight from and to the runtime. */
export const proxyFile: Benchmark = {
  name: 'proxy-file',
  needsDocker: false,
  async run(settings) {
    await using server = await startBenchServer({ ...settings, POOL_SIZE: '0' })
    const identity = await server.call<string>('create_from_pool')
    const command = `head -c ${gigabyte} /dev/zero > large`
    await server.call('call_tool', { identity, tool_name: 'run_shell_command', arguments: { command } })
    const { url, runtime_token: token } = await server.call<{ url: string; runtime_token: string }>('get_info', {
      identity,
    })
    await using runtime = new JsonClient(url, token)
    const places = { through: [server.client, `/proxy/${identity}`], straight: [runtime, '/fastapi'] } as const
    const down = async ([client, prefix]: (typeof places)['through' | 'straight']) => {
      const { body } = await client.stream('GET', `${prefix}/workspace/file?path=large&format=bytes`)
      let bytes = 0
      for await (const chunk of body as AsyncIterable<Buffer>) bytes += chunk.length
      if (bytes !== gigabyte) throw new Error(`${bytes} bytes came`)
    }
    const up = async ([client, prefix]: (typeof places)['through' | 'straight']) => {
      const { statusCode, body } = await client.stream('PUT', `${prefix}/workspace/file?path=large`, zeros(gigabyte))
      await body.text()
      if (statusCode !== 200) throw new Error(`status ${statusCode}`)
    }
    // What is loaded with the first request is not the transfer's.
    await (await server.client.stream('GET', `/proxy/${identity}/healthz`)).body.text()
    const before = await residentMegabytes(server.pid)
    const seconds = { straight: 0, through: 0 }
    let peak = before
    for (let round = 0; round < rounds; round++) {
      seconds.straight += (await timed(() => down(places.straight))) / 1000
      peak = Math.max(
        peak,
        await peakMegabytes(
          server.pid,
          async () => (seconds.through += (await timed(() => down(places.through))) / 1000),
        ),
      )
    }
    const uploads = { straight: await timed(() => up(places.straight)), through: await timed(() => up(places.through)) }
    const rate = (total: number) => `${((rounds * 1024) / total).toFixed(0)} MiB/s`
    const ratio = seconds.straight / seconds.through
    return [
      {
        what: '/proxy of a 1 GB file, down',
        measured: rate(seconds.through),
        beside: `straight from the runtime ${rate(seconds.straight)}`,
        result: times(ratio),
        goal: '≥ 0.6×',
        met: ratio >= 0.6,
      },
      {
        what: 'memory of the server meanwhile',
        measured: megabytes(peak),
        beside: `before ${megabytes(before)}`,
        result: `${megabytes(peak - before)} more`,
        goal: '≤ 30 MB',
        met: peak - before <= 30,
      },
      {
        what: '/proxy of a 1 GB file, up',
        measured: `${((1024 * 1000) / uploads.through).toFixed(0)} MiB/s`,
        beside: `straight to the runtime ${((1024 * 1000) / uploads.straight).toFixed(0)} MiB/s`,
        result: times(uploads.straight / uploads.through),
      },
    ]
  },
}

function zeros(bytes: number): Readable {
  const chunk = Buffer.alloc(256 * 1024)
  return Readable.from(
    (function* () {
      for (let sent = 0; sent < bytes; sent += chunk.length) yield chunk
    })(),
    { objectMode: false },
  )
}
