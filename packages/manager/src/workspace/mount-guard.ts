import { lstat, realpath, stat } from 'node:fs/promises'
import { isAbsolute, join } from 'node:path'
import { SandboxError, isSystemPath, liesIn } from '@runtime-sandbox/core'

/** Where engines put their sockets in a user's directories. */
const engineSockets = ['docker.sock', 'podman.sock', 'containerd.sock', 'crio.sock']
const socketFolders = ['', 'run', '.docker/run', '.docker/desktop', '.colima/default', '.rd']

export type MountGuardOptions = {
  readOnly: boolean
  /** Parent of all workspaces; nothing that contains it or lies in it is mounted by name. */
  workspaceRoot: string | null
}

/**
 * The real path of a host path that may be in a sandbox.
 *
 * @throws SandboxError `mount_refused` with the reason
 */
export async function guardMount(path: string, { readOnly, workspaceRoot }: MountGuardOptions): Promise<string> {
  if (!isAbsolute(path) || path.includes('\0')) throw refusal(path, 'is not an absolute path')
  const real = await realpath(path).catch(() => undefined)
  const kind = real === undefined ? undefined : await stat(real).catch(() => undefined)
  if (real === undefined || kind === undefined) throw refusal(path, 'does not exist')
  if (!(kind.isDirectory() || (readOnly && kind.isFile()))) throw refusal(path, 'is not a directory')
  if (isSystemPath(real, { readOnly })) throw refusal(path, 'belongs to the system')
  if (workspaceRoot !== null) await refuseWorkspaces(path, real, workspaceRoot)
  await refuseEngineSockets(path, real)
  return real
}

async function refuseWorkspaces(path: string, real: string, workspaceRoot: string): Promise<void> {
  const root = await realpath(workspaceRoot).catch(() => workspaceRoot)
  if (liesIn(real, root) || liesIn(root, real)) throw refusal(path, 'holds the workspaces of other sandboxes')
}

async function refuseEngineSockets(path: string, real: string): Promise<void> {
  const candidates = socketFolders.flatMap((folder) => engineSockets.map((name) => join(real, folder, name)))
  const found = await Promise.all(candidates.map((candidate) => lstat(candidate).catch(() => undefined)))
  if (found.some((entry) => entry !== undefined)) throw refusal(path, 'holds the socket of a container engine')
}

function refusal(path: string, reason: string): SandboxError {
  return new SandboxError('mount_refused', `${JSON.stringify(path.slice(0, 300))} cannot be mounted: it ${reason}`)
}
