import { readFileSync, readdirSync } from 'node:fs'
import { SandboxError } from '@runtime-sandbox/core'
import { findCgroups, type Hierarchy } from '../cgroups/find-cgroups.ts'
import type { Controller, LimitMeans } from '../confine/plan-limits.ts'
import type { LaunchTools } from '../launch/launch-command.ts'
import { findPython, type Python } from './find-python.ts'
import { findTool, runTool } from './run-tool.ts'

/** What this machine has to make sandboxes of. */
export type LocalHost = {
  tools: LaunchTools
  /** The server runs as root, so each sandbox gets a user of its own. */
  root: boolean
  python: Python
  node: string
  hierarchies: readonly Hierarchy[]
  means: LimitMeans
}

export type FindHostOptions = { python?: string | undefined; cgroup?: string | undefined }

const rootTools = ['unshare', 'setpriv', 'mount', 'chown'] as const

/** Looks at this machine, and tries. @throws SandboxError `engine_unavailable` that says what is missing and how to get it */
export async function findHost({ python, cgroup }: FindHostOptions = {}): Promise<LocalHost> {
  if (process.platform !== 'linux') throw unavailable(`the local engine needs Linux, and this is ${process.platform}`)
  const root = process.getuid?.() === 0
  const tools = findTools(root)
  await tryNamespaces(tools, root)
  const hierarchies = findCgroups({ configured: cgroup })
  const controllers = new Set<Controller>(hierarchies.flatMap((hierarchy) => hierarchy.controllers))
  const ownUser = root && tools.prlimit !== undefined
  const means: LimitMeans = { controllers, ownUser, userProcesses: countOwnThreads }
  return { tools, root, python: await findPython(python), node: process.execPath, hierarchies, means }
}

function findTools(root: boolean): LaunchTools {
  const bwrap = findTool('bwrap')
  if (bwrap === undefined) {
    throw unavailable(
      'bubblewrap is not installed: apt-get install bubblewrap (Debian, Ubuntu), dnf install bubblewrap (Fedora, RHEL),' +
        ' apk add bubblewrap (Alpine)',
    )
  }
  const missing = rootTools.filter((name) => findTool(name) === undefined)
  if (root && missing.length > 0) {
    throw unavailable(
      `${missing.join(', ')} missing: apt-get install util-linux mount coreutils, apk add util-linux-misc setpriv coreutils`,
    )
  }
  const [unshare, setpriv, mount] = rootTools.map(findTool)
  return { bwrap, unshare, setpriv, mount, bash: findTool('bash'), prlimit: findTool('prlimit') }
}

const trialOptions =
  '--unshare-user --unshare-pid --unshare-net --unshare-ipc --unshare-uts --disable-userns --as-pid-1 --die-with-parent --clearenv' +
  ' --ro-bind / / --proc /proc --dev /dev --size 4096 --tmpfs /tmp'

/** Makes the namespaces of a sandbox once, for an ordinary user. */
async function tryNamespaces({ bwrap, setpriv }: LaunchTools, root: boolean): Promise<void> {
  const user = root ? [setpriv!, '--reuid', '65534', '--regid', '65534', '--clear-groups', '--'] : []
  const trial = [...user, bwrap, ...trialOptions.split(' '), '--', '/bin/sh', '-c', ':']
  const { ok, stderr } = await runTool(trial[0]!, trial.slice(1), { env: {} })
  if (ok) return
  const said = stderr.trim().split('\n').at(-1)?.slice(0, 300) ?? ''
  if (/unknown option/i.test(said)) throw unavailable(`bubblewrap is too old (${said}): 0.8 or newer is needed`)
  throw unavailable(`bubblewrap cannot make namespaces here (${said})${namespaceAdvice()}`)
}

/** The switches that forbid user namespaces; each kernel has some of them. */
const switches: readonly { path: string; forbids: (value: string) => boolean; advice: string }[] = [
  {
    path: '/proc/sys/kernel/unprivileged_userns_clone',
    forbids: (value) => value === '0',
    advice: 'sysctl -w kernel.unprivileged_userns_clone=1',
  },
  {
    path: '/proc/sys/user/max_user_namespaces',
    forbids: (value) => value === '0',
    advice: 'sysctl -w user.max_user_namespaces=15000',
  },
  {
    path: '/proc/sys/kernel/apparmor_restrict_unprivileged_userns',
    forbids: (value) => value === '1',
    advice: 'sysctl -w kernel.apparmor_restrict_unprivileged_userns=0, or an AppArmor profile for bwrap with `userns`',
  },
]

function namespaceAdvice(): string {
  const forbidding = switches.filter(({ path, forbids }) => {
    try {
      return forbids(readFileSync(path, 'utf8').trim())
    } catch {
      return false
    }
  })
  if (forbidding.length > 0) return `; to permit them: ${forbidding.map(({ advice }) => advice).join('; ')}`
  return '; inside a container the engine must permit user namespaces and mounts (a seccomp profile or --privileged)'
}

/** Processes and threads of this process's user now. */
function countOwnThreads(): number {
  const uid = process.getuid?.()
  let threads = 0
  for (const entry of readdirSync('/proc')) {
    if (!/^\d+$/.test(entry)) continue
    try {
      const status = readFileSync(`/proc/${entry}/status`, 'latin1')
      if (Number(/^Uid:\s+(\d+)/m.exec(status)?.[1]) !== uid) continue
      threads += Number(/^Threads:\s+(\d+)/m.exec(status)?.[1] ?? 1)
    } catch {
      // It ended while we looked.
    }
  }
  return threads
}

function unavailable(text: string): SandboxError {
  return new SandboxError('engine_unavailable', text)
}

/** Why sandboxes cannot be made on this machine, with what to do; undefined when they can. */
export async function detectLocal(options?: FindHostOptions): Promise<string | undefined> {
  return findHost(options).then(
    () => undefined,
    (error: unknown) => (error as Error).message,
  )
}
