import { createHash } from 'node:crypto'
import { readFile, readdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { LocalHost } from './host/local-host.ts'

/**
 * What stands for an image's id: the runtime and the programs that run it. It changes when one of them is updated, so that parked
 * sandboxes of before are replaced.
 */
export async function runtimeDigest(runtimeEntry: string, { python, node }: LocalHost): Promise<string> {
  const directory = dirname(runtimeEntry)
  const hash = createHash('sha256')
  for (const entry of (await readdir(directory, { withFileTypes: true })).toSorted((a, b) =>
    a.name < b.name ? -1 : 1,
  )) {
    if (!entry.isFile()) continue
    hash.update(`${entry.name}\0`).update(await readFile(join(directory, entry.name)))
  }
  hash.update(`\0${node} ${process.version}\0${python.executable} ${python.version}`)
  return `sha256:${hash.digest('hex')}`
}
