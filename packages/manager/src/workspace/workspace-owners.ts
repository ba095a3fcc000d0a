import { mkdir, readdir, readFile, rename, rm, rmdir, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { sandboxRecordSchema } from '@runtime-sandbox/core'
import { z } from 'zod'
import { isMadeSessionId } from '../records/sandbox-identity.ts'

const ownerSchema = z.object({
  /** Deployment and store that made the directory: nobody else touches it. */
  prefix: z.string(),
  stateKey: z.string(),
  /** Whether a sandbox was ready in it: before that, nobody was told of it. */
  made: z.boolean(),
  /** The recycled sandbox that it belongs to; without its token. */
  recycled: sandboxRecordSchema.nullable(),
  /** The sandbox was released: the directory has to be kept in the storage, where it has a place there, and deleted. */
  released: z.object({ storagePath: z.string().nullable() }).nullable(),
  /** Earlier names of the sandbox that it belongs to. */
  earlier: z.array(z.string()),
})

/** Whose a workspace directory is. */
export type WorkspaceOwner = z.infer<typeof ownerSchema>

export type WorkspaceOwnersOptions = {
  /** Parent of the workspaces. */
  root: string
  prefix: string
  stateKey: string
}

const folderName = '.owners'

/**
 * Notes beside the workspaces whose each is, for a store that forgets everything when the server is killed: one small file per
 * directory, written before the directory is made and removed after it is gone.
 */
export class WorkspaceOwners {
  readonly #options: WorkspaceOwnersOptions
  readonly #folder: string

  constructor(options: WorkspaceOwnersOptions) {
    this.#options = options
    this.#folder = join(options.root, folderName)
  }

  /** Notes that a directory is about to be made. */
  async begin(directory: string): Promise<void> {
    const { prefix, stateKey } = this.#options
    await this.#write(directory, { prefix, stateKey, made: false, recycled: null, released: null, earlier: [] })
  }

  /** Changes what is noted of a directory, if anything is. */
  async note(directory: string, change: (owner: WorkspaceOwner) => Partial<WorkspaceOwner>): Promise<void> {
    const owner = await this.#read(basename(directory))
    if (owner) await this.#write(directory, { ...owner, ...change(owner) })
  }

  /** Forgets a directory that is gone. Idempotent. */
  async end(directory: string): Promise<void> {
    await rm(this.#file(basename(directory)), { force: true }).catch(ignoreMissing)
    // The folder goes with its last file.
    await rmdir(this.#folder).catch(() => {})
  }

  /** The directories of this deployment and store that something is noted of. */
  async *list(): AsyncGenerator<{ directory: string; owner: WorkspaceOwner }> {
    const files = await readdir(this.#folder).catch(() => [])
    for (const file of files) {
      const name = file.replace(/\.json$/, '')
      const owner = isMadeSessionId(name) ? await this.#read(name) : undefined
      if (owner) yield { directory: join(this.#options.root, name), owner }
    }
  }

  /** Undefined when there is none, it is another's, or it is broken: then it is nobody's to judge. */
  async #read(name: string): Promise<WorkspaceOwner | undefined> {
    const { prefix, stateKey } = this.#options
    try {
      const owner = ownerSchema.parse(JSON.parse(await readFile(this.#file(name), 'utf8')))
      return owner.prefix === prefix && owner.stateKey === stateKey ? owner : undefined
    } catch {
      return undefined
    }
  }

  async #write(directory: string, owner: WorkspaceOwner): Promise<void> {
    const file = this.#file(basename(directory))
    const draft = `${file}.${process.pid}.partial`
    const write = async () => {
      await mkdir(this.#folder, { recursive: true, mode: 0o700 })
      await writeFile(draft, JSON.stringify(owner), { mode: 0o600 })
    }
    // The folder may go in between, with the last file of another.
    await write().catch(write)
    await rename(draft, file)
  }

  #file(name: string): string {
    return join(this.#folder, `${name}.json`)
  }
}

function ignoreMissing(error: NodeJS.ErrnoException): void {
  if (error.code !== 'ENOENT' && error.code !== 'ENOTDIR') throw error
}
