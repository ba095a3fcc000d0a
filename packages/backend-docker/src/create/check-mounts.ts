import { realpath } from 'node:fs/promises'
import path from 'node:path'
import { SandboxError, isSystemPath, type Mount } from '@runtime-sandbox/core'

/**
 * Refuses what no sandbox may have, judged by where it really leads.
 *
 * @param onThisMachine whether the engine sees this machine's files; else only the spelling can be judged
 * @throws SandboxError `mount_refused`
 */
export async function checkMounts(
  mounts: readonly Mount[],
  { onThisMachine }: { onThisMachine: boolean },
): Promise<void> {
  for (const { source, target, readOnly } of mounts) {
    if (!path.isAbsolute(source) || !path.isAbsolute(target)) throw refusal(source, 'is not an absolute path')
    const real = onThisMachine ? await realpath(source).catch(() => undefined) : path.normalize(source)
    if (real === undefined) throw refusal(source, 'does not exist')
    if (isSystemPath(real, { readOnly })) throw refusal(source, 'belongs to the system')
  }
}

function refusal(source: string, reason: string): SandboxError {
  return new SandboxError('mount_refused', `${JSON.stringify(source)} cannot be mounted: it ${reason}`)
}
