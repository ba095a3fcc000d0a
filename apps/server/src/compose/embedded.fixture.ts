import process from 'node:process'
import { startEmbedded, StartupError } from '../index.ts'

// A program that uses sandboxes without a server; the engine and the settings come as arguments NAME=value.

const environment = Object.fromEntries(process.argv.slice(2).map((word) => word.split('=') as [string, string]))

try {
  await using embedded = await startEmbedded({ environment })
  const { manager, engine } = embedded
  const name = await manager.create({ meta: { session_ctx_id: 'S1' } })
  const answer = await manager.fetchRuntime(name, { method: 'GET', path: 'workspace/list', query: 'path=.' })
  process.stdout.write(`${engine.reason}; ${await answer.text()}; ${(await manager.listSessionKeys()).join()}\n`)
} catch (error) {
  if (!(error instanceof StartupError)) throw error
  process.stdout.write(`${error.exitCode} ${error.problems.join('|')}\n`)
}
