import { chmod, chown, link, lstat, mkdir, readFile, rename, rm, unlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'

const identitySchema = z.object({ pid: z.number().int().positive(), startTime: z.string() })

/** What is kept on disk of a sandbox, so that another server can clean up after a crash. Nothing secret. */
const recordSchema = z.object({
  id: z.string(),
  name: z.string(),
  labels: z.record(z.string(), z.string()),
  createdAt: z.number(),
  imageId: z.string().nullable(),
  mounts: z.array(z.object({ source: z.string(), target: z.string(), readOnly: z.boolean() })),
  uid: z.number().int().positive().nullable(),
  cgroups: z.array(z.string()),
  /** The server whose child the sandbox is. */
  server: identitySchema,
  /** First process of the sandbox. */
  init: identitySchema.nullable(),
})

export type KeptRecord = z.infer<typeof recordSchema>

/** The directory of one sandbox on the host. */
export class SandboxDirectory {
  readonly path: string

  constructor(parent: string, id: string) {
    this.path = join(parent, id)
  }

  /** Shown in the sandbox, writable there. */
  get shared(): string {
    return join(this.path, 'shared')
  }

  /** Mount points that the launch needs. */
  get stages(): string {
    return join(this.path, 'stages')
  }

  /** The server's own: no sandbox sees it. */
  get #own(): string {
    return join(this.path, 'own')
  }

  /** Where the server dials. */
  get socket(): string {
    return join(this.#own, 'runtime.sock')
  }

  async make(): Promise<void> {
    await mkdir(this.path)
    await Promise.all([mkdir(this.stages), mkdir(this.#own, { mode: 0o700 })])
    // Whatever the server's umask: the sandbox's user passes through.
    await Promise.all([chmod(this.path, 0o711), chmod(this.stages, 0o711)])
  }

  /** A place for something that the sandbox's user could not reach. */
  async makeStage(index: number, kind: 'directory' | 'file'): Promise<string> {
    const path = join(this.stages, String(index))
    if (kind === 'directory') await mkdir(path, { recursive: true })
    else await writeFile(path, '')
    return path
  }

  /** Forgets what an earlier start left, and lets the runtime make its socket. */
  async openShared(uid: number | undefined): Promise<void> {
    await rm(this.socket, { force: true })
    await rm(this.shared, { recursive: true, force: true })
    await mkdir(this.shared, { mode: 0o700 })
    if (uid !== undefined) await chown(this.shared, uid, uid)
  }

  /** From here on nothing more is written to the shared directory, where the sandbox's user is not the server's. */
  async #closeShared(): Promise<void> {
    if (process.getuid?.() !== 0) return
    // In this order: the runtime, which may just be setting the mode of its socket, gets through at every moment.
    await chmod(this.shared, 0o755)
    await chown(this.shared, 0, 0)
  }

  /**
   * Takes hold of the runtime's socket, as soon as there is one. The server's name for it is another one, where no sandboxed
   * code can put a link to something else in its place.
   *
   * @returns whether it is there
   */
  async pinSocket(): Promise<boolean> {
    try {
      await link(join(this.shared, 'runtime.sock'), this.socket)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false
      throw error
    }
    // `link` does not follow a symbolic link, it makes another name for that link itself.
    if ((await lstat(this.socket)).isSocket()) {
      await this.#closeShared()
      return true
    }
    await unlink(this.socket)
    throw new Error('the sandbox put something else in the place of its socket')
  }

  async keep(record: KeptRecord): Promise<void> {
    const path = join(this.#own, 'sandbox.json')
    await writeFile(`${path}.new`, JSON.stringify(record), { mode: 0o600 })
    await rename(`${path}.new`, path)
  }

  /** undefined when there is none that can be read. */
  async recall(): Promise<KeptRecord | undefined> {
    try {
      return recordSchema.parse(JSON.parse(await readFile(join(this.#own, 'sandbox.json'), 'utf8')))
    } catch {
      return undefined
    }
  }

  /** Idempotent. Follows no link. */
  async remove(): Promise<void> {
    await rm(this.path, { recursive: true, force: true })
  }
}
