import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { WorkspaceStorage } from '@runtime-sandbox/core'
import { onTestFinished } from 'vitest'

/** One storage, opened for one test. */
export type OpenedStorage = {
  storage: WorkspaceStorage
  /** Undoes what opening made. */
  dispose: () => Promise<void>
}

/** What of a tree the storage keeps; everything unless told otherwise. */
export type StorageSupport = {
  /** Permission bits. */
  modes?: boolean
  /** Symbolic links, as links. */
  links?: boolean
  /** Names that are no UTF-8. */
  byteNames?: boolean
}

export type StorageHarness = {
  /** A storage in which nothing is stored. */
  open: () => Promise<OpenedStorage>
  supports?: StorageSupport
  /** Why the suite cannot run here; see `engineSuite`. */
  skip?: boolean
}

/** What one test works with; it is gone when the test ends. */
export type StorageBench = {
  storage: WorkspaceStorage
  /** A new, empty directory outside the storage. */
  directory: () => Promise<string>
}

export async function storageBench(harness: StorageHarness): Promise<StorageBench> {
  const { storage, dispose } = await harness.open()
  const parent = await mkdtemp(join(tmpdir(), 'storage-suite-'))
  onTestFinished(async () => {
    await storage.close()
    await dispose()
    await rm(parent, { recursive: true, force: true })
  })
  return { storage, directory: () => mkdtemp(join(parent, 'tree-')) }
}
