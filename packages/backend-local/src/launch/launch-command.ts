import { SandboxError } from '@runtime-sandbox/core'
import { statSync } from 'node:fs'
import { dirname } from 'node:path'

/**
 * Closes descriptors, becomes a member of cgroups, then runs the rest. No core dumps: the host's handler of them may run as root.
 */
const joinScript = `
while [ "$1" != -- ]; do eval "exec $1>&-"; shift; done
shift
umask 022
ulimit -c 0
echo 500 > /proc/self/oom_score_adj || true
while [ "$1" != -- ]; do echo $$ > "$1/cgroup.procs"; shift; done
shift
exec "$@"
`

/** Makes what an unprivileged user could not reach reachable, in a mount namespace of its own, then runs the rest. */
const stageScript = `
mount=$1
shift
while [ "$1" != -- ]; do "$mount" --bind -- "$1" "$2"; shift 2; done
shift
exec "$@"
`

/** What a path of the host becomes before bubblewrap sees it. */
export type Staged = { source: string; stage: string }

export type LaunchOptions = {
  tools: LaunchTools
  /** Unprivileged user to become; undefined when the server itself is one. */
  uid: number | undefined
  /** Directories of cgroups to join. */
  cgroups: readonly string[]
  /** Bounds by rlimit, where there is no cgroup. */
  rlimits: { processes?: number | undefined; dataBytes?: number | undefined }
  staged: readonly Staged[]
  /** Descriptors that the server was given and must not pass on. */
  strayDescriptors: readonly number[]
  /** Descriptor with bubblewrap's arguments. */
  argumentsDescriptor: number
  command: readonly string[]
}

/** Absolute paths; those that a server without root rights does not need may be absent. */
export type LaunchTools = {
  bwrap: string
  bash?: string | undefined
  mount?: string | undefined
  unshare?: string | undefined
  setpriv?: string | undefined
  prlimit?: string | undefined
}

/**
 * The command line that starts a sandbox: one process that becomes bubblewrap in the end, so that it is a child of the server.
 *
 * As root it first becomes a user of its own without any capability. From there on everything happens as for an ordinary user:
 * what bubblewrap could do wrong is bounded by what that user may.
 */
export function launchCommand(options: LaunchOptions): string[] {
  const { tools, uid, cgroups, rlimits, staged, strayDescriptors, argumentsDescriptor, command } = options
  const bubblewrap = [tools.bwrap, '--args', String(argumentsDescriptor), '--', ...command]
  const unprivileged = uid === undefined ? bubblewrap : [...becomeUser(tools.setpriv!, uid), ...bubblewrap]
  const limited = [...limitArguments(tools.prlimit, rlimits), ...unprivileged]
  const pairs = staged.flatMap(({ source, stage }) => [source, stage])
  const inOwnMounts =
    uid === undefined
      ? limited
      : [
          tools.unshare!,
          '--mount',
          '--propagation',
          'private',
          '--',
          ...shell('/bin/sh', stageScript),
          tools.mount!,
          ...pairs,
          '--',
          ...limited,
        ]
  const join = shell(shellThatCloses(strayDescriptors, tools), joinScript)
  return [...join, ...strayDescriptors.map(String), '--', ...cgroups, '--', ...inOwnMounts]
}

/** The plainest of shells knows descriptors of one digit only. */
function shellThatCloses(descriptors: readonly number[], { bash }: LaunchTools): string {
  const highest = Math.max(0, ...descriptors)
  if (highest <= 9) return '/bin/sh'
  if (bash !== undefined) return bash
  throw new SandboxError(
    'engine_unavailable',
    `the server was started with descriptor ${highest} open, which sandboxes would inherit: close it, or install bash`,
  )
}

function shell(path: string, script: string): string[] {
  return [path, '-euc', script, 'start-sandbox']
}

function becomeUser(setpriv: string, uid: number): string[] {
  const id = String(uid)
  const capabilities = ['--inh-caps=-all', '--bounding-set=-all', '--no-new-privs']
  return [setpriv, '--reuid', id, '--regid', id, '--clear-groups', ...capabilities, '--']
}

function limitArguments(prlimit: string | undefined, { processes, dataBytes }: LaunchOptions['rlimits']): string[] {
  const bounds = [
    ...(processes === undefined ? [] : [`--nproc=${processes}`]),
    ...(dataBytes === undefined ? [] : [`--data=${dataBytes}`]),
  ]
  return bounds.length === 0 || prlimit === undefined ? [] : [prlimit, ...bounds, '--']
}

/** Whether any user can get to a path and read it. */
export function isOpenToAll(path: string): boolean {
  const directories: string[] = []
  for (let directory = dirname(path); ; directory = dirname(directory)) {
    directories.push(directory)
    if (directory === '/') break
  }
  const { mode } = statSync(path)
  return (mode & 0o005) === 0o005 && directories.every((directory) => (statSync(directory).mode & 0o001) !== 0)
}
