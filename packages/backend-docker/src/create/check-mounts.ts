import { realpath } from 'node:fs/promises'
import path from 'node:path'
import { SandboxError, isSystemPath, liesIn, type Mount } from '@runtime-sandbox/core'

export type CheckMountsOptions = {
  /** Whether the engine sees this machine's files; else only the spelling can be judged. */
  onThisMachine: boolean
  /** Paths that are the engine's or the server's own: neither they, nor what is in them, nor what they are in. */
  reserved: readonly string[]
}

/**
 * Refuses what no sandbox may have, judged by where it really leads.
 *
 * @throws SandboxError `mount_refused`
 */
export async function checkMounts(mounts: readonly Mount[], options: CheckMountsOptions): Promise<void> {
  if (mounts.length === 0) return
  const resolve = options.onThisMachine
    ? (file: string) => realpath(file).catch(() => undefined)
    : async (file: string) => path.normalize(file)
  const reserved = await Promise.all(options.reserved.map(async (file) => (await resolve(file)) ?? file))
  for (const { source, target, readOnly } of mounts) {
    if (!path.isAbsolute(source) || !path.isAbsolute(target)) throw refusal(source, 'is not an absolute path')
    const real = await resolve(source)
    if (isSystemPath(path.normalize(source), { readOnly })) throw refusal(source, 'belongs to the system')
    if (real === undefined) throw refusal(source, 'does not exist')
    if (isSystemPath(real, { readOnly })) throw refusal(source, 'belongs to the system')
    if (reserved.some((other) => liesIn(real, other) || liesIn(other, real)))
      throw refusal(source, 'belongs to the engine or to the server')
  }
}

function refusal(source: string, reason: string): SandboxError {
  return new SandboxError('mount_refused', `${JSON.stringify(source)} cannot be mounted: it ${reason}`)
}
