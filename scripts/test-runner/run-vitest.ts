import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { countsFileVariable } from './count-reporter.ts'
import { SkippedEngines } from './skipped-engines.ts'
import type { TestCounts } from './test-counts.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const vitest = path.join(root, 'node_modules', 'vitest', 'vitest.mjs')
const reporter = fileURLToPath(new URL('count-reporter.ts', import.meta.url))

/** How vitest ended. */
export type VitestRun = {
  /** undefined when vitest did not come as far as running anything. */
  counts: TestCounts | undefined
  exitCode: number
  skippedEngines: string[]
}

/** How to run vitest. */
export type RunVitestOptions = {
  env: NodeJS.ProcessEnv
  /** Shows nothing of what vitest prints. */
  isQuiet?: boolean
}

/** Runs vitest once in this terminal, with `argumentList` as its own arguments. */
export async function runVitest(argumentList: readonly string[], options: RunVitestOptions): Promise<VitestRun> {
  const { env, isQuiet = false } = options
  const folder = mkdtempSync(path.join(tmpdir(), 'test-counts-'))
  const countsFile = path.join(folder, 'counts.json')
  const skipped = new SkippedEngines()
  const reporters = ['--reporter=default', `--reporter=${reporter}`]
  const child = spawn(process.execPath, [vitest, 'run', ...reporters, ...argumentList], {
    cwd: root,
    env: { ...env, [countsFileVariable]: countsFile, ...(process.stderr.isTTY ? { FORCE_COLOR: '1' } : {}) },
    stdio: ['ignore', isQuiet ? 'ignore' : 'inherit', 'pipe'],
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    if (!isQuiet) process.stderr.write(text)
    skipped.add(text)
  })
  const passSignal = (signal: NodeJS.Signals) => {
    // An interrupt typed at a terminal has reached vitest already; a second one would cut its report short.
    if (signal === 'SIGTERM' || !process.stdin.isTTY) child.kill(signal)
  }
  process.on('SIGTERM', passSignal).on('SIGINT', passSignal)
  try {
    const exitCode = await new Promise<number>((resolve, reject) => {
      child.once('error', reject)
      child.once('close', (code) => resolve(code ?? 1))
    })
    return { counts: readCounts(countsFile), exitCode, skippedEngines: skipped.all }
  } finally {
    process.off('SIGTERM', passSignal).off('SIGINT', passSignal)
    rmSync(folder, { recursive: true, force: true })
  }
}

function readCounts(file: string): TestCounts | undefined {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as TestCounts
  } catch {
    return undefined
  }
}
