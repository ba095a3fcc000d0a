import { relative, resolve, sep } from 'node:path'
import { SandboxError, type TransferOptions, type TransferResult, type WorkspaceStorage } from '@runtime-sandbox/core'
import { copyTree } from './copy-tree.ts'
import { Directory, isErrno } from './directory.ts'
import { mapStorageError } from './map-error.ts'
import { makePlace, openPlace, storagePlace, type StoragePlace } from './storage-path.ts'

export type LocalStorageOptions = {
  /**
   * Every storage path must lie below this directory, and relative ones begin there; it is made when the first workspace is stored.
   * Without it any path of the host will do, relative ones beginning at the working directory: only where no client names paths.
   */
  rootDirectory?: string | undefined
}

/** Keeps workspaces in directories of this machine. */
export function createLocalStorage(options: LocalStorageOptions = {}): WorkspaceStorage {
  return new LocalStorage(options)
}

const emptyTree: Readonly<TransferResult> = { files: 0, bytes: 0, skippedFiles: 0 }

class LocalStorage implements WorkspaceStorage {
  readonly name = 'local'
  readonly #rootDirectory: string | undefined

  constructor({ rootDirectory }: LocalStorageOptions) {
    this.#rootDirectory = rootDirectory === undefined ? undefined : resolve(rootDirectory)
  }

  async download(storagePath: string, directory: string, { signal }: TransferOptions = {}): Promise<TransferResult> {
    return translated(signal, async () => {
      const place = this.#place(storagePath, directory)
      await using target = await Directory.make(directory)
      await using source = await openPlace(place)
      return source ? await copyTree(source, target, signal) : { ...emptyTree }
    })
  }

  async upload(directory: string, storagePath: string, { signal }: TransferOptions = {}): Promise<TransferResult> {
    return translated(signal, async () => {
      const place = this.#place(storagePath, directory)
      await using source = await openWorkspace(directory)
      if (!source) return { ...emptyTree }
      await using target = await makePlace(place)
      return await copyTree(source, target, signal)
    })
  }

  async close(): Promise<void> {}

  #place(storagePath: string, directory: string): StoragePlace {
    const place = storagePlace(storagePath, this.#rootDirectory)
    if (contains(place.path, directory) || contains(directory, place.path)) {
      throw new SandboxError('invalid_argument', 'storage_path and the workspace lie within each other')
    }
    return place
  }
}

/** Undefined when it is not there. */
async function openWorkspace(directory: string): Promise<Directory | undefined> {
  try {
    return await Directory.open(Buffer.from(directory), { link: true })
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return undefined
    throw error
  }
}

function contains(outer: string, inner: string): boolean {
  const way = relative(resolve(outer), resolve(inner))
  return way === '' || (way !== '..' && !way.startsWith(`..${sep}`))
}

// Results are awaited where directories are open: an entry of a closed one would be looked for in whatever was opened next.
async function translated<T>(signal: AbortSignal | undefined, work: () => Promise<T>): Promise<T> {
  try {
    signal?.throwIfAborted()
    return await work()
  } catch (error) {
    throw mapStorageError(error, signal)
  }
}
