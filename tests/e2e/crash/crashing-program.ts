// A server that is killed at one of its steps: before or after its Nth call to engine or store since the operation began.
// Says on standard output, a JSON line each: {"given": name} for a sandbox that a caller knows, {"steps": n} when it got through.
import { SandboxManager } from '@runtime-sandbox/manager'
import { openParts, type CrashSettings } from './open-parts.ts'

export type Operation = 'create' | 'claim' | 'release' | 'reap' | 'restore'

export type CrashPlan = { operation: Operation; settings: CrashSettings; step?: number; place?: 'before' | 'after' }

const plan = JSON.parse(process.argv[2]!) as CrashPlan
let armed = false
let steps = 0

const tell = (fact: object) => process.stdout.write(`${JSON.stringify(fact)}\n`)
const die = () => process.kill(process.pid, 'SIGKILL')

/** Counts the calls of a part, and dies at the one that is asked for. */
function watched<T extends object>(part: T): T {
  return new Proxy(part, {
    get: (target, property) => {
      const value = Reflect.get(target, property, target) as unknown
      if (typeof value !== 'function') return value
      return (...parameters: unknown[]) => {
        const call = () => (value as (...all: unknown[]) => unknown).apply(target, parameters)
        if (!armed || property === 'watch' || property === 'listIdleSessions') return call()
        const isHere = steps++ === plan.step
        if (isHere && plan.place === 'before') die()
        const result = call()
        if (!isHere || plan.place !== 'after') return result
        return result instanceof Promise ? result.finally(die) : (die(), result)
      }
    },
  })
}

const parts = await openParts(plan.settings)
const manager = await SandboxManager.start({
  ...parts,
  backend: watched(parts.backend),
  state: watched(parts.state),
})
const meta = { session_ctx_id: 'S' }
const run = (name: string, command: string) => manager.callTool(name, 'run_shell_command', { arguments: { command } })
const stateOf = async (name: string) => (await parts.state.get(name))?.state

async function until(condition: () => Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 1000; tries++) {
    if (await condition()) return
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  throw new Error('it does not happen')
}

const parked = async () => (await parts.state.listPools()).length > 0

async function sandboxWithFile(): Promise<string> {
  const name = await manager.create({ meta })
  await run(name, 'echo kept > /workspace/file')
  tell({ given: name })
  return name
}

const operations: Record<Operation, () => Promise<void>> = {
  async create() {
    armed = true
    tell({ given: await manager.create({ meta }) })
  },
  async claim() {
    await until(parked)
    armed = true
    tell({ given: await manager.createFromPool({ meta }) })
    await until(parked)
  },
  async release() {
    const name = await sandboxWithFile()
    armed = true
    await manager.release(name)
  },
  async reap() {
    const name = await sandboxWithFile()
    armed = true
    await until(async () => (await stateOf(name)) === 'recycled' && (await parts.state.get(name))?.recycledAt !== null)
  },
  async restore() {
    const name = await sandboxWithFile()
    await until(async () => (await stateOf(name)) === 'recycled' && (await parts.state.get(name))?.recycledAt !== null)
    armed = true
    await run(name, 'true')
  },
}

await operations[plan.operation]()
armed = false
tell({ steps })
// As every other run: nothing is cleaned up.
die()
