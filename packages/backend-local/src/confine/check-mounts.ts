import { realpath, stat } from 'node:fs/promises'
import { isAbsolute, normalize } from 'node:path'
import { SandboxError, type Mount } from '@runtime-sandbox/core'
import { insidePaths } from '../launch/inside-paths.ts'

/** Never in a sandbox, nor anything in them, nor a directory that holds one of them. */
const neverMounted = ['/proc', '/sys', '/dev', '/run', '/boot', '/var/run', '/var/lib/docker', '/var/lib/containerd']
/** Not writable from a sandbox: they would also be given to the sandbox's user. */
const neverWritable = [
  '/etc',
  '/usr',
  '/bin',
  '/sbin',
  '/lib',
  '/lib32',
  '/lib64',
  '/var/lib',
  '/var/spool',
  '/var/log',
]
/** As they are, not writable; what lies below may be. */
const neverWritableItself = ['/', '/home', '/root', '/tmp', '/var', '/var/tmp', '/opt', '/mnt', '/srv', '/media']
/** Places in the sandbox that are the engine's own. */
const ownTargets = [
  '/proc',
  '/sys',
  '/dev',
  '/usr',
  '/bin',
  '/sbin',
  '/lib',
  '/lib32',
  '/lib64',
  insidePaths.program,
  insidePaths.socketDirectory,
]

export type CheckMountsOptions = {
  /** Directory of the engine, with the sockets of all sandboxes. */
  stateDirectory: string
}

/** The mounts with the real paths of their sources. @throws SandboxError `mount_refused` */
export async function checkMounts(mounts: readonly Mount[], options: CheckMountsOptions): Promise<Mount[]> {
  const checked = await Promise.all(mounts.map((mount) => checkMount(mount, options)))
  for (const [index, { target }] of checked.entries()) {
    const nested = checked.some((other, position) => position !== index && contains(other.target, target))
    if (nested) throw refusal(target, 'lies inside another mount of the sandbox')
  }
  return checked
}

async function checkMount(mount: Mount, { stateDirectory }: CheckMountsOptions): Promise<Mount> {
  const { source, target, readOnly } = mount
  if (!isAbsolute(source) || source.includes('\0')) throw refusal(source, 'is not an absolute path')
  checkTarget(target)
  const real = await realpath(source).catch(() => undefined)
  const kind = real === undefined ? undefined : await stat(real).catch(() => undefined)
  if (real === undefined || kind === undefined) throw refusal(source, 'does not exist')
  if (!(kind.isDirectory() || (readOnly && kind.isFile()))) throw refusal(source, 'is not a directory')
  const forbidden = [...neverMounted, stateDirectory]
  if (forbidden.some((other) => contains(other, real) || contains(real, other))) {
    throw refusal(source, 'belongs to the system')
  }
  const system = neverWritable.some((other) => contains(other, real)) || neverWritableItself.includes(real)
  if (!readOnly && (system || /^\/home\/[^/]+$/.test(real))) throw refusal(source, 'must not be writable in a sandbox')
  return { source: real, target, readOnly }
}

function checkTarget(target: string): void {
  const clean = isAbsolute(target) && normalize(target) === target && !target.endsWith('/') && !target.includes('\0')
  if (!clean) throw refusal(target, 'is not a plain absolute path in the sandbox')
  if (ownTargets.some((own) => contains(own, target) || contains(target, own))) {
    throw refusal(target, 'is a place of the engine in the sandbox')
  }
}

function contains(directory: string, path: string): boolean {
  return path === directory || path.startsWith(directory === '/' ? '/' : `${directory}/`)
}

function refusal(path: string, reason: string): SandboxError {
  return new SandboxError('mount_refused', `${JSON.stringify(path.slice(0, 300))} cannot be mounted: it ${reason}`)
}
