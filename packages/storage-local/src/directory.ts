import { constants, type BigIntStats } from 'node:fs'
import { lstat, mkdir, open, opendir, type FileHandle } from 'node:fs/promises'

const readDirectory = constants.O_RDONLY | constants.O_DIRECTORY
const slash = Buffer.from('/')

/** How to open a directory: `link` = also through a symbolic link at its end. */
export type OpenDirectoryOptions = { link?: boolean }

/**
 * A directory that is held open, and what is in it. Sandboxed code may change the tree while it is copied, and would put links to
 * the host's files in the place of directories; what is addressed through the handle stays inside all the same (on Linux; elsewhere
 * Node has no way to do so, and the path is used). Names are bytes: a file system knows no encoding.
 */
export class Directory implements AsyncDisposable {
  readonly #handle: FileHandle
  readonly #base: Buffer

  private constructor(handle: FileHandle, path: Buffer) {
    this.#handle = handle
    this.#base = process.platform === 'linux' ? Buffer.from(`/proc/self/fd/${handle.fd}`) : path
  }

  /** @throws ENOENT; ENOTDIR or ELOOP when it is no directory, or a link that is not to be followed */
  static async open(path: Buffer, { link = false }: OpenDirectoryOptions = {}): Promise<Directory> {
    const handle = await open(path, link ? readDirectory : readDirectory | constants.O_NOFOLLOW)
    return new Directory(handle, path)
  }

  /** Opens a directory by its path, through links; it and those above it are made if need be, for this user alone. */
  static async make(path: string): Promise<Directory> {
    await mkdir(path, { recursive: true, mode: 0o700 })
    return Directory.open(Buffer.from(path), { link: true })
  }

  /** Path of an entry; for calls that do not follow links. */
  at(name: Buffer): Buffer {
    return Buffer.concat([this.#base, slash, name])
  }

  openChild(name: Buffer): Promise<Directory> {
    return Directory.open(this.at(name))
  }

  /** Opens a directory in it, made if need be. @throws ENOTDIR or ELOOP when something else has the name */
  async makeChild(name: Buffer): Promise<Directory> {
    try {
      await mkdir(this.at(name), { mode: 0o700 })
    } catch (error) {
      if (!isErrno(error, 'EEXIST')) throw error
    }
    return this.openChild(name)
  }

  /** What is there under the name, links not followed; undefined when there is nothing. */
  async stat(name: Buffer): Promise<BigIntStats | undefined> {
    try {
      return await lstat(this.at(name), { bigint: true })
    } catch (error) {
      if (isErrno(error, 'ENOENT')) return undefined
      throw error
    }
  }

  /** Names of the entries, in no order. */
  async *names(): AsyncGenerator<Buffer, void> {
    // The types of Node do not know this encoding here; Node does.
    const options = { encoding: 'buffer' as BufferEncoding, bufferSize: 256 }
    for await (const entry of await opendir(this.#base, options)) yield entry.name as unknown as Buffer
  }

  ownStat(): Promise<BigIntStats> {
    return this.#handle.stat({ bigint: true })
  }

  /** The handle, to set mode and owner. */
  get handle(): FileHandle {
    return this.#handle
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#handle.close()
  }
}

/** Whether `error` is one of the system's with one of these codes. */
export function isErrno(error: unknown, ...codes: readonly string[]): boolean {
  const code = (error as { code?: unknown } | null)?.code
  return typeof code === 'string' && codes.includes(code)
}
