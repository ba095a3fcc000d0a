import type { Mount } from '@runtime-sandbox/core'
import type { ViewEntry } from '../host/system-view.ts'
import { insidePaths, insideUser } from './inside-paths.ts'

/** All that makes one sandbox different from another, and what the host has. Paths are the host's. */
export type SandboxView = {
  system: readonly ViewEntry[]
  /** Directory with our own passwd, group, hosts, nsswitch.conf. */
  etcDirectory: string
  /** Files of /proc that tell of the whole machine or act on it. */
  maskedPaths: readonly string[]
  /** Directories of the Python interpreter outside of /usr; an interpreter works only where it was installed. */
  pythonPrefixes: readonly { source: string; target: string }[]
  node: string
  runtimeDirectory: string
  socketDirectory: string
  mounts: readonly Mount[]
  /** Share the host's network. */
  hostNetwork: boolean
  /** Size of each of /tmp, the home, and a workspace that is not mounted. */
  scratchBytes: number
  shmBytes: number
  environment: Readonly<Record<string, string>>
  /** Descriptor on which bubblewrap reports. */
  statusDescriptor: number
  /** Descriptor with the filter of system calls. */
  seccompDescriptor: number | undefined
}

/** Our own files of /etc; those of the host tell of its users. */
const ownEtcFiles = ['passwd', 'group', 'hosts', 'hostname', 'nsswitch.conf'] as const

/** One option of bubblewrap with its values. */
type Option = readonly string[]

/**
 * bubblewrap's arguments, without the command. They are handed over on a descriptor, never on a command line: the variables of
 * a sandbox are its own affair.
 */
export function bwrapArguments(view: SandboxView): string[] {
  const { system, mounts, environment, statusDescriptor, seccompDescriptor } = view
  const options: Option[] = [
    ...namespaceOptions(view),
    ...system.map(viewOption),
    ...etcOptions(view),
    ...kernelOptions(view),
    // Before the program: an interpreter may live below /tmp or /home.
    ...scratchOptions(view),
    ...programOptions(view),
    ...mounts.map(({ source, target, readOnly }) => [readOnly ? '--ro-bind' : '--bind', source, target]),
    // Only now: mount points were made in it until here.
    ['--remount-ro', '/'],
    ['--chdir', insidePaths.workspace],
    ...Object.entries(environment).map(([name, value]) => ['--setenv', name, value]),
    ['--json-status-fd', String(statusDescriptor)],
    ...(seccompDescriptor === undefined ? [] : [['--seccomp', String(seccompDescriptor)]]),
  ]
  return options.flat()
}

function namespaceOptions({ hostNetwork }: SandboxView): Option[] {
  return [
    ['--unshare-user', '--unshare-pid', '--unshare-ipc', '--unshare-uts', '--unshare-cgroup-try'],
    hostNetwork ? [] : ['--unshare-net'],
    ['--disable-userns'],
    ['--uid', String(insideUser.uid)],
    ['--gid', String(insideUser.gid)],
    ['--hostname', insideUser.hostname],
    ['--die-with-parent', '--new-session', '--clearenv'],
  ]
}

function viewOption(entry: ViewEntry): Option {
  return entry.kind === 'bind' ? ['--ro-bind', entry.source, entry.target] : ['--symlink', entry.to, entry.target]
}

function etcOptions({ etcDirectory, system }: SandboxView): Option[] {
  const taken = new Set(system.map(({ target }) => target))
  return ownEtcFiles
    .filter((name) => !taken.has(`/etc/${name}`))
    .map((name) => ['--ro-bind', `${etcDirectory}/${name}`, `/etc/${name}`])
}

function kernelOptions({ shmBytes, maskedPaths }: SandboxView): Option[] {
  return [
    ['--proc', '/proc'],
    // A device that cannot be opened takes the place of each.
    ...maskedPaths.map((path) => ['--ro-bind', '/dev/null', path]),
    ['--dev', '/dev'],
    scratch('/dev/shm', '1777', shmBytes),
    ['--remount-ro', '/dev'],
  ]
}

function programOptions({ pythonPrefixes, node, runtimeDirectory, socketDirectory }: SandboxView): Option[] {
  return [
    ...pythonPrefixes.map(({ source, target }) => ['--ro-bind', source, target]),
    ['--ro-bind', node, insidePaths.node],
    ['--ro-bind', runtimeDirectory, `${insidePaths.program}/lib`],
    ['--bind', socketDirectory, insidePaths.socketDirectory],
  ]
}

function scratchOptions({ scratchBytes, mounts }: SandboxView): Option[] {
  const mounted = mounts.some(({ target }) => target === insidePaths.workspace)
  return [
    scratch('/tmp', '1777', scratchBytes),
    ['--dir', '/var'],
    ['--symlink', '/tmp', '/var/tmp'],
    scratch(insidePaths.home, '0755', scratchBytes),
    mounted ? [] : scratch(insidePaths.workspace, '0755', scratchBytes),
  ]
}

function scratch(path: string, mode: string, bytes: number): Option {
  return ['--perms', mode, '--size', String(bytes), '--tmpfs', path]
}
