import { constants } from 'node:fs'
import { access, cp, mkdir, open, readdir, readlink, rename, rm, stat, type FileHandle } from 'node:fs/promises'
import path from 'node:path'
import type { Readable } from 'node:stream'
import type { WorkspaceEntry } from '@runtime-sandbox/protocol'
import { HttpProblem } from '../http/http-problem.ts'
import { entryOf } from './workspace-entry.ts'
import {
  isInside,
  namedPath,
  openRoot,
  outside,
  problemOfPath,
  realPathOf,
  type WorkspaceRoot,
} from './workspace-path.ts'
import { writeAtomically } from './write-atomically.ts'

export type OpenedFile = { handle: FileHandle; size: number }

/** The files of a sandbox. Every path is judged by where it really leads. Throws HttpProblem. */
export class WorkspaceFiles {
  readonly #directory: string
  /** Found once: a link that later takes its place leads outside. */
  #root: WorkspaceRoot | undefined

  constructor(directory: string) {
    this.#directory = directory
  }

  /** Opens a file for reading; the caller closes it. Only regular files: a pipe or a device would never end. */
  async open(name: string): Promise<OpenedFile> {
    return this.#within(async (root) => {
      const real = await realPathOf(root, name, { follow: true })
      const handle = await open(real, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
      try {
        const status = await handle.stat()
        if (!status.isFile()) throw new HttpProblem(404, 'not found')
        if (!isInside(root, await readlink(`/proc/self/fd/${handle.fd}`))) throw outside(root)
        return { handle, size: status.size }
      } catch (error) {
        await handle.close()
        throw error
      }
    })
  }

  /** Writes a stream to a file, whole or not at all. @throws 409 with `conflictDetail` when a folder is there */
  async write(
    name: string,
    data: Readable,
    conflictDetail = 'path exists and is a directory',
  ): Promise<WorkspaceEntry> {
    return this.#within(async (root) => {
      const real = await realPathOf(root, name, { follow: true })
      if (await isDirectory(real)) throw new HttpProblem(409, conflictDetail)
      await writeAtomically(root, real, data)
      return entryOf(real, namedPath(root, name))
    })
  }

  /** Entries of a folder, those of its folders behind it, `depth` levels deep; links are shown, not entered. */
  async list(name: string, depth: number): Promise<WorkspaceEntry[]> {
    return this.#within(async (root) => {
      const real = await realPathOf(root, name, { follow: true })
      if (!(await isDirectory(real))) throw new HttpProblem(404, 'not found')
      const entries: WorkspaceEntry[] = []
      await collect(Buffer.from(real), namedPath(root, name), depth, entries)
      return entries
    })
  }

  /** Follows links; one that leads outside does not exist. */
  async exists(name: string): Promise<boolean> {
    return this.#within(async (root) => {
      const real = await realPathOf(root, name, { follow: true })
      return access(real).then(
        () => true,
        () => false,
      )
    })
  }

  /** Removes a file, a link (not what it leads to), or a folder with all in it; of the root, what is in it. */
  async remove(name: string): Promise<void> {
    await this.#within(async (root) => {
      const real = await realPathOf(root, name, { follow: false })
      if (real !== root.real) return rm(real, { recursive: true, force: true })
      const folder = Buffer.from(real)
      for (const entry of await readdir(folder, { encoding: 'buffer' })) {
        await rm(below(folder, entry), { recursive: true, force: true })
      }
    })
  }

  async move(source: string, destination: string): Promise<WorkspaceEntry> {
    return this.#within(async (root) => {
      const from = await realPathOf(root, source, { follow: false })
      const to = await realPathOf(root, destination, { follow: false })
      if (from === root.real || to === root.real) throw new HttpProblem(409, 'the workspace itself cannot be moved')
      await entryOf(from, source).catch(() => {
        throw new HttpProblem(404, 'source not found')
      })
      await mkdir(path.dirname(to), { recursive: true })
      await renameAnywhere(from, to)
      return entryOf(to, namedPath(root, destination))
    })
  }

  /** @returns false when the folder was there */
  async mkdir(name: string): Promise<boolean> {
    return this.#within(async (root) => {
      const real = await realPathOf(root, name, { follow: true })
      const status = await stat(real).catch(() => undefined)
      if (status?.isDirectory()) return false
      if (status) throw new HttpProblem(409, 'path exists and is not a directory')
      return (await mkdir(real, { recursive: true })) !== undefined
    })
  }

  async #within<Value>(work: (root: WorkspaceRoot) => Promise<Value>): Promise<Value> {
    const root = (this.#root ??= await openRoot(this.#directory))
    try {
      // What runs in the sandbox may have removed it.
      await mkdir(root.real, { recursive: true })
      return await work(root)
    } catch (error) {
      throw problemOfPath(error, root)
    }
  }
}

async function isDirectory(real: string): Promise<boolean> {
  return (await stat(real).catch(() => undefined))?.isDirectory() ?? false
}

/** Works on bytes: a name need not be UTF-8. It is shown with replacement characters then. */
async function collect(real: Buffer, shown: string, depth: number, entries: WorkspaceEntry[]): Promise<void> {
  for (const name of await readdir(real, { encoding: 'buffer' })) {
    const inner = below(real, name)
    const entry = await entryOf(inner, path.join(shown, name.toString())).catch(() => undefined)
    // What vanished meanwhile, and links that lead nowhere, are not listed.
    if (!entry || entry.type === 'symlink') continue
    entries.push(entry)
    const own = entry.type === 'dir' && depth > 1 && !(await isLink(inner))
    if (own) await collect(inner, entry.path, depth - 1, entries).catch(ignoreVanished)
  }
}

function below(folder: Buffer, name: Buffer): Buffer {
  return Buffer.concat([folder, Buffer.from('/'), name])
}

async function isLink(real: Buffer): Promise<boolean> {
  return readlink(real).then(
    () => true,
    () => false,
  )
}

function ignoreVanished(error: NodeJS.ErrnoException): void {
  if (!['ENOENT', 'EACCES', 'ENAMETOOLONG'].includes(error.code ?? '')) throw error
}

async function renameAnywhere(from: string, to: string): Promise<void> {
  try {
    await rename(from, to)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'EXDEV') {
      await cp(from, to, { recursive: true, verbatimSymlinks: true, preserveTimestamps: true })
      await rm(from, { recursive: true, force: true })
    } else if (code === 'ENOTEMPTY' || code === 'EEXIST' || code === 'EISDIR' || code === 'ENOTDIR') {
      throw new HttpProblem(409, 'destination exists and cannot be replaced')
    } else if (code === 'EINVAL') {
      throw new HttpProblem(409, 'a folder cannot be moved into itself')
    } else throw error
  }
}
