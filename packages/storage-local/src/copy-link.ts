import type { BigIntStats } from 'node:fs'
import { readlink, symlink } from 'node:fs/promises'
import { isErrno, type Directory } from './directory.ts'
import { keepLinkOwner } from './metadata.ts'
import { putInPlace } from './put-in-place.ts'

/** Copies a symbolic link as a link, wherever it leads. @returns whether it was copied; false when it is there already, or gone */
export async function copyLink(
  source: Directory,
  target: Directory,
  { name, stat }: { name: Buffer; stat: BigIntStats },
): Promise<boolean> {
  const leadsTo = await readLink(source, name)
  if (!leadsTo || (await readLink(target, name))?.equals(leadsTo)) return false
  await putInPlace(target, name, async (path) => {
    await symlink(leadsTo, path)
    await keepLinkOwner(path, stat)
  })
  return true
}

async function readLink(directory: Directory, name: Buffer): Promise<Buffer | undefined> {
  try {
    return await readlink(directory.at(name), { encoding: 'buffer' })
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'EINVAL')) return undefined
    throw error
  }
}
