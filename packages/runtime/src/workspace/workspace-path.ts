import { lstat, mkdir, readlink, realpath } from 'node:fs/promises'
import path from 'node:path'
import { HttpProblem } from '../http/http-problem.ts'

/** The root of a workspace as the caller names it, and where it really is. */
export type WorkspaceRoot = { path: string; real: string }

/** Makes the folder when it is missing. */
export async function openRoot(directory: string): Promise<WorkspaceRoot> {
  await mkdir(directory, { recursive: true })
  return { path: path.resolve(directory), real: await realpath(directory) }
}

const mostLinks = 40

export function outside(root: WorkspaceRoot): HttpProblem {
  return new HttpProblem(403, `Permission error. Access restricted to ${root.path} directory.`)
}

/** Whether a real path is the root or below it. */
export function isInside(root: WorkspaceRoot, real: string): boolean {
  return real === root.real || real.startsWith(root.real === '/' ? '/' : `${root.real}/`)
}

/** The named path without `.` and `..`, in the caller's terms. @throws HttpProblem 403 when its spelling leaves the workspace */
export function namedPath(root: WorkspaceRoot, name: string): string {
  const resolved = path.resolve(root.path, name)
  const inside = resolved === root.path || resolved.startsWith(root.path === '/' ? '/' : `${root.path}/`)
  if (!inside) throw outside(root)
  return resolved
}

/**
 * Where a named path leads, links resolved, also when its last parts do not exist.
 *
 * @param follow whether a link at the very end is followed; links before it always are
 * @throws HttpProblem 403 when that is outside the workspace, 422 when links run in circles or a part is no folder
 */
export async function realPathOf(root: WorkspaceRoot, name: string, { follow }: { follow: boolean }): Promise<string> {
  const named = namedPath(root, name)
  if (named === root.path) return root.real
  const parent = await resolveDeepest(path.join(root.real, path.relative(root.path, path.dirname(named))), root)
  const last = path.join(parent, path.basename(named))
  const real = follow ? await resolveDeepest(last, root) : last
  if (!isInside(root, real)) throw outside(root)
  return real
}

/** Resolves the part of a path that exists and leaves the rest as it is; a dangling link is followed to where it would lead. */
async function resolveDeepest(target: string, root: WorkspaceRoot, hops = 0): Promise<string> {
  if (hops > mostLinks) throw new HttpProblem(422, 'too many links')
  try {
    return await realpath(target)
  } catch (error) {
    // Below a file there is nothing either; whether that file is inside is judged first.
    if (!['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) throw problemOfPath(error, root)
  }
  const parent = path.dirname(target)
  if (parent === target) return target
  const real = path.join(await resolveDeepest(parent, root, hops + 1), path.basename(target))
  const status = await lstat(real).catch(() => undefined)
  if (!status?.isSymbolicLink()) return real
  return resolveDeepest(path.resolve(path.dirname(real), await readlink(real)), root, hops + 1)
}

/** What the system says of a path, for the caller. */
export function problemOfPath(error: unknown, root: WorkspaceRoot): unknown {
  switch ((error as NodeJS.ErrnoException).code) {
    case 'ENOENT':
      return new HttpProblem(404, 'not found')
    case 'ELOOP':
      return new HttpProblem(422, 'too many links')
    case 'ENAMETOOLONG':
      return new HttpProblem(422, 'a part of the path is too long')
    case 'ENOTDIR':
    case 'EEXIST':
      return new HttpProblem(409, 'a part of the path is not a directory')
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
      return new HttpProblem(403, `Permission error. The file system refuses it below ${root.path}.`)
    case 'ENOSPC':
    case 'EDQUOT':
    case 'EFBIG':
      return new HttpProblem(413, 'no space is left for it')
    default:
      return error
  }
}
