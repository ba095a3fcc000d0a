import { chmod, mkdir, rm } from 'node:fs/promises'
import path from 'node:path'
import { SandboxError } from '@runtime-sandbox/core'
import { socketName } from './container-options.ts'

/** Longest path of a Unix socket on Linux, in bytes. */
const maxSocketPath = 107

/** Host directories in which sandboxes without network have their sockets. */
export class SocketDirectories {
  readonly #parent: string

  constructor(parent: string) {
    this.#parent = path.resolve(parent)
  }

  directoryOf(name: string): string {
    return path.join(this.#parent, name)
  }

  socketOf(name: string): string {
    return path.join(this.directoryOf(name), socketName)
  }

  /** Makes the directory of a sandbox: any user inside may write to it, and of those outside only ours passes the parent. */
  async make(name: string): Promise<string> {
    if (Buffer.byteLength(this.socketOf(name)) > maxSocketPath) {
      throw new SandboxError(
        'not_supported',
        `the path of the socket is too long; set DOCKER_SOCKET_DIR to a shorter one than ${this.#parent}`,
      )
    }
    await mkdir(this.#parent, { recursive: true, mode: 0o700 })
    const directory = this.directoryOf(name)
    await mkdir(directory, { recursive: true })
    await chmod(directory, 0o777)
    return directory
  }

  /** Idempotent. */
  async remove(name: string): Promise<void> {
    await rm(this.directoryOf(name), { recursive: true, force: true })
  }
}
