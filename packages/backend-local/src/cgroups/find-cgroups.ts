import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, rmdirSync, statfsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { SandboxError } from '@runtime-sandbox/core'
import type { Controller } from '../confine/plan-limits.ts'

/** A place where the engine can make cgroups. */
export type Hierarchy = {
  version: 1 | 2
  controllers: readonly Controller[]
  /** Directory in which each sandbox gets its own. */
  parent: string
}

/** A mounted cgroup file system, as /proc/self/mountinfo tells. */
export type CgroupMount = { version: 1 | 2; mountPoint: string; root: string; controllers: readonly string[] }

const wanted: readonly Controller[] = ['memory', 'cpu', 'pids']
const groupName = 'runtime-sandbox-local'
/** Of linux/magic.h. */
const fileSystemTypes = { 1: 0x27_e0eb, 2: 0x6367_7270 } as const

export type FindCgroupsOptions = {
  /** LOCAL_CGROUP. */
  configured?: string | undefined
  mountinfo?: string
  membership?: string
}

/**
 * Where cgroups can be made here; each controller at most once. Empty when nowhere.
 *
 * @throws SandboxError `engine_unavailable` when the configured directory does not serve
 */
export function findCgroups({ configured, mountinfo, membership }: FindCgroupsOptions = {}): Hierarchy[] {
  if (configured === 'none') return []
  if (configured !== undefined) return configuredHierarchy(configured)
  const mounts = parseMounts(mountinfo ?? read('/proc/self/mountinfo'))
  const own = parseMembership(membership ?? read('/proc/self/cgroup'))
  const found: Hierarchy[] = []
  for (const mount of mounts) {
    const missing = wanted.filter((controller) => !found.some(({ controllers }) => controllers.includes(controller)))
    const controllers = mount.version === 2 ? missing : missing.filter((name) => mount.controllers.includes(name))
    if (controllers.length === 0) continue
    const place = visibleDirectory(mount, own)
    // In version 2 a group that has processes cannot have limited children, so sandboxes go next to the server, not below it.
    const bases = mount.version === 2 ? [join(place, '..'), mount.mountPoint] : [place, mount.mountPoint]
    const inside = bases.filter((base) => base === mount.mountPoint || base.startsWith(`${mount.mountPoint}/`))
    found.push(...usable(inside.map((base) => ({ version: mount.version, base, controllers }))))
  }
  return found
}

function configuredHierarchy(base: string): Hierarchy[] {
  const found = usable([{ version: 2, base, controllers: wanted }])
  if (found.length > 0) return found
  throw new SandboxError(
    'engine_unavailable',
    `LOCAL_CGROUP: ${base} is not a cgroup (v2) without processes in which this user can make groups with limits`,
  )
}

/** Mounted cgroup file systems. */
export function parseMounts(mountinfo: string): CgroupMount[] {
  const mounts: CgroupMount[] = []
  for (const line of mountinfo.split('\n')) {
    const [before = '', after = ''] = line.split(' - ')
    const [, , , root = '/', mountPoint = ''] = before.split(' ')
    const [type, , options = ''] = after.split(' ')
    if (type === 'cgroup2') mounts.push({ version: 2, mountPoint, root, controllers: [] })
    else if (type === 'cgroup') mounts.push({ version: 1, mountPoint, root, controllers: options.split(',') })
  }
  return mounts
}

/** Controller (empty for version 2) → path of the server's group. */
export function parseMembership(text: string): ReadonlyMap<string, string> {
  const entries = text.split('\n').flatMap((line): [string, string][] => {
    const match = /^\d+:([^:]*):(.*)$/.exec(line)
    return match ? match[1]!.split(',').map((controller) => [controller, match[2]!]) : []
  })
  return new Map(entries)
}

function visibleDirectory({ version, mountPoint, root, controllers }: CgroupMount, own: ReadonlyMap<string, string>) {
  const name = version === 2 ? '' : (controllers.find((controller) => own.has(controller)) ?? '')
  const path = own.get(name) ?? '/'
  const visible = root !== '/' && path.startsWith(root) ? path.slice(root.length) : path
  return join(mountPoint, visible)
}

type Candidate = { version: 1 | 2; base: string; controllers: readonly Controller[] }

/** The first candidate in which groups with limits can be made. */
function usable(candidates: readonly Candidate[]): Hierarchy[] {
  for (const { version, base, controllers } of candidates) {
    const parent = join(base, groupName)
    try {
      // Anywhere else the files of limits would be files like any other.
      if (statfsSync(base).type !== fileSystemTypes[version]) continue
      const made = !existsSync(parent)
      if (made) mkdirSync(parent)
      const enabled = version === 1 ? controllers : enableControllers([base, parent], controllers)
      if (enabled.length > 0 && canJoin(parent)) return [{ version, parent, controllers: enabled }]
      if (made) rmdirSync(parent)
    } catch {
      // Not ours to write: the next one may be.
    }
  }
  return []
}

/** Whether a process of ours can become a member of a group there; on version 2 that takes rights above the group, too. */
function canJoin(parent: string): boolean {
  const probe = join(parent, `probe-${process.pid}`)
  mkdirSync(probe)
  try {
    return spawnSync('/bin/sh', ['-c', 'echo $$ > "$1/cgroup.procs"', 'sh', probe], { env: {} }).status === 0
  } finally {
    rmdirSync(probe)
  }
}

function enableControllers(directories: readonly string[], controllers: readonly Controller[]): Controller[] {
  return controllers.filter((controller) => {
    try {
      for (const directory of directories) {
        writeFileSync(join(directory, 'cgroup.subtree_control'), `+${controller}`)
      }
      return true
    } catch {
      return false
    }
  })
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}
