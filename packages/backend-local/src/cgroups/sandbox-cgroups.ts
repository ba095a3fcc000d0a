import { existsSync } from 'node:fs'
import { mkdir, readFile, rmdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Clock } from '@runtime-sandbox/core'
import type { LimitPlan } from '../confine/plan-limits.ts'
import type { Hierarchy } from './find-cgroups.ts'

const periodUs = 100_000
const pauseMs = 10
const attempts = 300

type Setting = [file: string, value: string, optional?: 'optional']

/**
 * Makes the groups of one sandbox, with its limits.
 *
 * @returns their directories
 * @throws the system's error; nothing is left then
 */
export async function makeCgroups(
  hierarchies: readonly Hierarchy[],
  id: string,
  { limits, clock }: { limits: LimitPlan['cgroup']; clock: Clock },
): Promise<string[]> {
  const made: string[] = []
  try {
    for (const hierarchy of hierarchies) {
      const directory = join(hierarchy.parent, id)
      await mkdir(directory)
      made.push(directory)
      await applyLimits(directory, limitSettings(hierarchy, limits))
    }
    return made
  } catch (error) {
    await removeCgroups(made, clock)
    throw error
  }
}

async function applyLimits(directory: string, settings: readonly Setting[]): Promise<void> {
  for (const [file, value, optional] of settings) {
    const path = join(directory, file)
    if (optional && !existsSync(path)) continue
    await writeFile(path, value)
  }
}

/** What is written where, in order. */
export function limitSettings({ version, controllers }: Hierarchy, limits: LimitPlan['cgroup']): Setting[] {
  const { memoryBytes, cpus, pids } = limits
  const memory = String(memoryBytes)
  const quota = String(Math.max(1000, Math.round((cpus ?? 0) * periodUs)))
  const settings: Setting[] = []
  if (memoryBytes !== undefined && controllers.includes('memory')) {
    if (version === 2) settings.push(['memory.max', memory], ['memory.swap.max', '0', 'optional'])
    // Memory and swap together, after memory alone: it may not be the smaller one.
    else settings.push(['memory.limit_in_bytes', memory], ['memory.memsw.limit_in_bytes', memory, 'optional'])
  }
  if (cpus !== undefined && controllers.includes('cpu')) {
    if (version === 2) settings.push(['cpu.max', `${quota} ${periodUs}`])
    else settings.push(['cpu.cfs_period_us', String(periodUs)], ['cpu.cfs_quota_us', quota])
  }
  if (pids !== undefined && controllers.includes('pids')) settings.push(['pids.max', String(pids)])
  return settings
}

/** Kills whatever is in the groups and deletes them. Idempotent. @throws Error when processes outlive their kill */
export async function removeCgroups(directories: readonly string[], clock: Clock): Promise<void> {
  for (const directory of directories) await removeCgroup(directory, clock)
}

async function removeCgroup(directory: string, clock: Clock): Promise<void> {
  let failure: unknown
  for (let attempt = 0; attempt < attempts; attempt += 1) {
    try {
      await rmdir(directory)
      return
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return
      failure = error
    }
    await killAll(directory)
    await clock.sleep(pauseMs)
  }
  throw new Error(`cgroup ${directory} could not be removed`, { cause: failure })
}

async function killAll(directory: string): Promise<void> {
  const atOnce = join(directory, 'cgroup.kill')
  if (existsSync(atOnce)) return writeFile(atOnce, '1').catch(() => {})
  const members = await readFile(join(directory, 'cgroup.procs'), 'utf8').catch(() => '')
  for (const member of members.split('\n').filter(Boolean)) {
    try {
      process.kill(Number(member), 'SIGKILL')
    } catch {
      // It ended by itself.
    }
  }
}
