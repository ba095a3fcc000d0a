// npm run bench -- [local|docker] …   measures on the engines named; default: local
import { coldStart, toolCall, warmClaim, type Row } from './benchmarks.ts'
import { startBenchServer } from './server.ts'

const engines: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  local: { CONTAINER_DEPLOYMENT: 'local', ...pick('LOCAL_PYTHON') },
  docker: {
    CONTAINER_DEPLOYMENT: 'docker',
    ...pick('RUNTIME_SANDBOX_REGISTRY', 'RUNTIME_SANDBOX_IMAGE_NAMESPACE', 'RUNTIME_SANDBOX_IMAGE_TAG', 'DOCKER_HOST'),
  },
}

function pick(...names: string[]): Record<string, string> {
  return Object.fromEntries(names.flatMap((name) => (process.env[name] ? [[name, process.env[name]]] : [])))
}

function line(engine: string, { what, than, p50, p99, ratioP50, ratioP99, goal }: Row): string {
  const ratio = `${ratioP50.toFixed(1)}× / ${ratioP99.toFixed(1)}×`
  return `| ${engine} | ${what} | ${p50.toFixed(1)} ms / ${p99.toFixed(1)} ms | ${than} | ${ratio} | ${goal} |`
}

const names = process.argv.slice(2)
for (const name of names.length > 0 ? names : ['local']) {
  const settings = engines[name]
  if (!settings) throw new Error(`no engine named ${name}: ${Object.keys(engines).join(', ')}`)
  console.log('| engine | what | p50 / p99 | beside | ratio p50 / p99 | goal |\n| --- | --- | --- | --- | --- | --- |')
  for (const benchmark of [warmClaim, toolCall, coldStart]) console.log(line(name, await benchmark(settings)))
  await using idle = await startBenchServer({ ...settings, POOL_SIZE: '0' })
  console.log(`\nAn idle server holds ${(await idle.residentMegabytes()).toFixed(0)} MB.\n`)
}
