import type { BigIntStats } from 'node:fs'
import { SandboxError, type TransferResult } from '@runtime-sandbox/core'
import { copyFile } from './copy-file.ts'
import { copyLink } from './copy-link.ts'
import { isErrno, type Directory } from './directory.ts'
import { keepMetadata } from './metadata.ts'
import { isPartial } from './put-in-place.ts'
import { removeEntry } from './remove-entry.ts'
import { Slots } from './slots.ts'

const filesAtOnce = 16
const directoriesAtOnce = 8
/** Each level holds two directories open. */
const deepest = 256

const ownerAll = 0o700n

type Pair = { source: Directory; target: Directory; depth: number }

/**
 * Copies what is in `source` into `target`, and deletes nothing there.
 *
 * @throws the first failure, or the signal's reason, when nothing of the copy is under way any more
 */
export async function copyTree(
  source: Directory,
  target: Directory,
  signal: AbortSignal | undefined,
): Promise<TransferResult> {
  return new TreeCopy(signal).run({ source, target, depth: 0 })
}

class TreeCopy {
  readonly #result: TransferResult = { files: 0, bytes: 0, skippedFiles: 0 }
  readonly #files = new Slots(filesAtOnce)
  readonly #directories = new Slots(directoriesAtOnce)
  readonly #failed = new AbortController()
  readonly #signal: AbortSignal

  constructor(signal: AbortSignal | undefined) {
    this.#signal = AbortSignal.any([this.#failed.signal, ...(signal ? [signal] : [])])
  }

  async run(pair: Pair): Promise<TransferResult> {
    await this.#attempt(() => this.#contents(pair))
    this.#signal.throwIfAborted()
    return this.#result
  }

  // The first failure stops everything; each of them is waited for.
  async #attempt(work: () => Promise<void>): Promise<void> {
    try {
      this.#signal.throwIfAborted()
      await work()
    } catch (error) {
      this.#failed.abort(error)
    }
  }

  /** Resolves when everything below is done, so that the directories can be closed. */
  async #contents(pair: Pair): Promise<void> {
    const working = new Set<Promise<void>>()
    const start = (slots: Slots, work: () => Promise<void>) => {
      const task = this.#attempt(work).finally(() => {
        slots.release()
        working.delete(task)
      })
      working.add(task)
    }
    try {
      for await (const name of pair.source.names()) {
        this.#signal.throwIfAborted()
        if (isPartial(name)) continue
        const stat = await pair.source.stat(name)
        if (stat?.isDirectory()) {
          const work = () => this.#directory(pair, name)
          // No waiting here: who waits for a slot would hold the one that a deeper directory needs.
          if (this.#directories.tryAcquire()) start(this.#directories, work)
          else await work()
        } else {
          await this.#files.acquire()
          start(this.#files, () => this.#entry(pair, name, stat))
        }
      }
    } finally {
      await Promise.all(working)
    }
  }

  async #entry({ source, target }: Pair, name: Buffer, stat: BigIntStats | undefined): Promise<void> {
    const result = this.#result
    if (stat?.isFile()) {
      const bytes = await copyFile(source, target, { name, signal: this.#signal })
      if (bytes === undefined) result.skippedFiles += 1
      else {
        result.files += 1
        result.bytes += bytes
      }
    } else if (stat?.isSymbolicLink() && (await copyLink(source, target, { name, stat }))) result.files += 1
    else result.skippedFiles += 1
  }

  async #directory({ source, target, depth }: Pair, name: Buffer): Promise<void> {
    if (depth === deepest) throw new SandboxError('invalid_argument', `directories lie deeper than ${deepest} levels`)
    await using from = await openIfThere(source, name)
    if (!from) return
    const inTheWay = await target.stat(name)
    if (inTheWay && !inTheWay.isDirectory()) await removeEntry(target, name)
    await using to = await target.makeChild(name)
    // A copy of a directory that nobody may write to.
    if (inTheWay && (inTheWay.mode & ownerAll) !== ownerAll)
      await to.handle.chmod(Number((inTheWay.mode & 0o777n) | ownerAll))
    await this.#contents({ source: from, target: to, depth: depth + 1 })
    // Last: it may be a mode that lets nobody write.
    await keepMetadata(to.handle, await from.ownStat())
  }
}

async function openIfThere(source: Directory, name: Buffer): Promise<Directory | undefined> {
  try {
    return await source.openChild(name)
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ENOTDIR', 'ELOOP')) return undefined
    throw error
  }
}
