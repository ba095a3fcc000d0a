import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { buildImageUri, imageNamingFrom } from '@runtime-sandbox/core'
import { startBenchServer } from '../bench-server.ts'
import { milliseconds, times, type Benchmark } from '../figure.ts'
import { inTurns } from '../load.ts'
import { percentile } from '../statistics.ts'

const run = promisify(execFile)
const rounds = 10
const bare = `require('node:http').createServer((_, response) => response.end('OK')).listen(80)`

/** A create on Docker until the sandbox is healthy, beside `docker run` of the least HTTP server from the same image. */
export const coldCreate: Benchmark = {
  name: 'cold-create',
  needsDocker: true,
  async run(settings) {
    const image = buildImageUri('runtime-sandbox-base', imageNamingFrom(settings))
    await using server = await startBenchServer({ ...settings, CONTAINER_DEPLOYMENT: 'docker', POOL_SIZE: '0' })
    const names: string[] = []
    const containers: string[] = []
    const created = async () => names.push(await server.call<string>('create'))
    const dockerRun = async () => {
      const words = ['run', '--detach', '--publish', '127.0.0.1::80', '--entrypoint', 'node', image, '-e', bare]
      const id = (await run('docker', words)).stdout.trim()
      containers.push(id)
      const { stdout } = await run('docker', ['port', id, '80/tcp'])
      const url = `http://${stdout.trim()}`
      while (
        !(await fetch(url).then(
          (answer) => answer.ok,
          () => false,
        ))
      )
        await new Promise((resolve) => setTimeout(resolve, 5))
    }
    try {
      await inTurns({ dockerRun, created }, 1)
      const samples = await inTurns({ dockerRun, created }, rounds)
      const ratio = percentile(samples.created, 0.5) / percentile(samples.dockerRun, 0.5)
      return [
        {
          what: 'cold create on Docker until it is healthy, p50',
          measured: milliseconds(percentile(samples.created, 0.5)),
          beside: `docker run of a bare node HTTP server ${milliseconds(percentile(samples.dockerRun, 0.5))}`,
          result: times(ratio),
          goal: '≤ 1.3×',
          met: ratio <= 1.3,
        },
      ]
    } finally {
      await run('docker', ['rm', '--force', ...containers])
    }
  },
}
