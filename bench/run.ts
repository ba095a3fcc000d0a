// npm run bench -- [names…] [--write]   all benchmarks, or those that are named; --write puts the table into docs/benchmarks.md
import { execFile } from 'node:child_process'
import { readFile, writeFile } from 'node:fs/promises'
import { cpus, totalmem } from 'node:os'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { besideTheOriginal } from './benchmarks/beside-the-original.ts'
import { callTool } from './benchmarks/call-tool.ts'
import { claimsAtOnce } from './benchmarks/claims-at-once.ts'
import { coldCreate } from './benchmarks/cold-create.ts'
import { manyRecords } from './benchmarks/many-records.ts'
import { proxyFile } from './benchmarks/proxy-file.ts'
import { runtimeStart } from './benchmarks/runtime-start.ts'
import { warmClaim } from './benchmarks/warm-claim.ts'
import type { Benchmark, Figure, Settings } from './figure.ts'

const benchmarks: readonly Benchmark[] = [
  warmClaim,
  callTool,
  proxyFile,
  runtimeStart,
  manyRecords,
  coldCreate,
  claimsAtOnce,
  besideTheOriginal,
]
const page = fileURLToPath(new URL('../docs/benchmarks.md', import.meta.url))
const [begin, end] = ['<!-- figures -->', '<!-- end of figures -->']

const words = process.argv.slice(2)
const names = words.filter((word) => !word.startsWith('--'))
const unknown = names.filter((name) => !benchmarks.some((benchmark) => benchmark.name === name))
if (unknown.length > 0)
  throw new Error(`no benchmark ${unknown.join(', ')}: ${benchmarks.map(({ name }) => name).join(', ')}`)

const settings: Settings = Object.fromEntries(
  [
    'LOCAL_PYTHON',
    'RUNTIME_SANDBOX_REGISTRY',
    'RUNTIME_SANDBOX_IMAGE_NAMESPACE',
    'RUNTIME_SANDBOX_IMAGE_TAG',
    'DOCKER_HOST',
  ].flatMap((name) => (process.env[name] ? [[name, process.env[name]]] : [])),
)
const docker = await promisify(execFile)('docker', ['version', '--format', '{{.Server.Version}}']).then(
  ({ stdout }) => stdout.trim(),
  () => undefined,
)

const lines = ['| what | measured | beside | result | goal | |', '| --- | --- | --- | --- | --- | --- |']
for (const line of lines) console.log(line)
let missed = 0
for (const benchmark of benchmarks.filter(({ name }) => names.length === 0 || names.includes(name))) {
  if (benchmark.needsDocker && !docker) {
    console.error(`${benchmark.name} is left out: no Docker engine answers`)
    continue
  }
  const engine = docker ? 'docker' : 'local'
  for (const figure of await benchmark.run({ CONTAINER_DEPLOYMENT: engine, ...settings })) {
    if (figure.met === false) missed += 1
    lines.push(lineOf(figure))
    console.log(lines.at(-1))
  }
}
if (words.includes('--write')) await write(lines.join('\n'))
process.exitCode = missed > 0 ? 1 : 0

function lineOf({ what, measured, beside, result, goal = '–', met }: Figure): string {
  const verdict = met === undefined ? '' : met ? 'met' : '**missed**'
  return `| ${what} | ${measured} | ${beside} | ${result} | ${goal} | ${verdict} |`
}

async function write(table: string): Promise<void> {
  const text = await readFile(page, 'utf8')
  const [before, rest] = text.split(begin)
  const machine = `${cpus().length} cores, ${(totalmem() / 2 ** 30).toFixed(0)} GiB, Node.js ${process.version}, Docker ${docker ?? 'none'}`
  const day = new Date().toISOString().slice(0, 10)
  const figures = `${begin}\n\nOne run on a virtual machine (${machine}; ${day}):\n\n${table}\n\n${end}`
  await writeFile(page, `${before}${figures}${rest!.split(end)[1]}`)
}
