import { execFile } from 'node:child_process'
import { chmod, mkdir, readFile, readdir, rm, stat, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { promisify } from 'node:util'
import { SandboxError } from '@runtime-sandbox/core'
import { isContainerReference } from '../container-reference.ts'
import { socketName } from './container-options.ts'

const run = promisify(execFile)

/** Longest path of a Unix socket on Linux, in bytes. */
const maxSocketPath = 107
const removalLimitMs = 60_000

/**
 * Host directories in which sandboxes without network have their sockets: `<parent>/<name>`, and beside it `<parent>/.<name>` with
 * the id of the container, by which the directory of one that vanished is found.
 */
export class SocketDirectories {
  readonly parent: string

  constructor(parent: string) {
    this.parent = path.resolve(parent)
  }

  socketOf(name: string): string {
    return path.join(this.#directoryOf(name), socketName)
  }

  /**
   * Makes the directory of a sandbox. Any user inside may write to it; of the users outside, only ours passes the parent.
   *
   * @throws SandboxError `not_supported` when the place will not do
   */
  async make(name: string): Promise<string> {
    if (Buffer.byteLength(this.socketOf(name)) > maxSocketPath) throw this.#refusal('its path is too long for a socket')
    const directory = this.#directoryOf(name)
    try {
      await mkdir(this.parent, { recursive: true, mode: 0o700 })
      await this.#checkParent()
      await mkdir(directory, { recursive: true })
      await chmod(directory, 0o777)
    } catch (error) {
      throw SandboxError.is(error) ? error : this.#refusal((error as Error).message, error)
    }
    return directory
  }

  /** Remembers which container the directory is for. */
  async assign(name: string, containerId: string): Promise<void> {
    await writeFile(this.#idFileOf(name), containerId).catch((error: Error) => {
      throw this.#refusal(error.message, error)
    })
  }

  /** Name of the sandbox whose container had that id; undefined when none had. */
  async nameOf(containerId: string): Promise<string | undefined> {
    const entries = await readdir(this.parent).catch(() => [])
    for (const entry of entries.filter((candidate) => candidate.startsWith('.'))) {
      const id = await readFile(path.join(this.parent, entry), 'utf8').catch(() => '')
      if (id === containerId) return entry.slice(1)
    }
    return undefined
  }

  /** Deletes what belongs to a sandbox. Idempotent. */
  async remove(name: string): Promise<void> {
    if (!isContainerReference(name)) return
    const directory = this.#directoryOf(name)
    await rm(directory, { recursive: true, force: true }).catch(async (error: unknown) => {
      // A sandbox can nest directories deeper than a path can tell; that program goes down one by one.
      await run('rm', ['-rf', '--', directory], { timeout: removalLimitMs }).catch(() => {
        throw this.#refusal(`${directory} cannot be deleted`, error)
      })
    })
    await rm(this.#idFileOf(name), { force: true })
  }

  async #checkParent(): Promise<void> {
    const { mode, uid } = await stat(this.parent)
    if ((mode & 0o077) !== 0) throw this.#refusal('other users may enter it; chmod 700 closes it to them')
    const self = process.getuid?.()
    if (self !== undefined && uid !== self) throw this.#refusal('it belongs to another user')
  }

  #directoryOf(name: string): string {
    return path.join(this.parent, name)
  }

  #idFileOf(name: string): string {
    return path.join(this.parent, `.${name}`)
  }

  #refusal(why: string, cause?: unknown): SandboxError {
    return new SandboxError(
      'not_supported',
      `a sandbox without network needs a directory for its socket, and DOCKER_SOCKET_DIR=${this.parent} will not do: ${why}`,
      { cause },
    )
  }
}
