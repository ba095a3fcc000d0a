import { realpath, stat } from 'node:fs/promises'
import { isAbsolute, normalize } from 'node:path'
import { SandboxError, isSystemPath, liesIn, type Mount } from '@runtime-sandbox/core'
import { insidePaths } from '../launch/inside-paths.ts'

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
    const nested = checked.some((other, position) => position !== index && liesIn(target, other.target))
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
  const ownState = liesIn(real, stateDirectory) || liesIn(stateDirectory, real)
  if (ownState || isSystemPath(real, { readOnly })) throw refusal(source, 'belongs to the system')
  return { source: real, target, readOnly }
}

function checkTarget(target: string): void {
  const clean = isAbsolute(target) && normalize(target) === target && !target.endsWith('/') && !target.includes('\0')
  if (!clean) throw refusal(target, 'is not a plain absolute path in the sandbox')
  if (ownTargets.some((own) => liesIn(target, own) || liesIn(own, target))) {
    throw refusal(target, 'is a place of the engine in the sandbox')
  }
}

function refusal(path: string, reason: string): SandboxError {
  return new SandboxError('mount_refused', `${JSON.stringify(path.slice(0, 300))} cannot be mounted: it ${reason}`)
}
