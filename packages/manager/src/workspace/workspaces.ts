import { chmod, mkdir, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { SandboxError, type Logger, type SandboxRecord, type WorkspaceStorage } from '@runtime-sandbox/core'
import type { SandboxPlan } from '../create/sandbox-plan.ts'
import { isMadeSessionId, isSessionId } from '../records/sandbox-identity.ts'
import { guardMount } from './mount-guard.ts'
import { removeTree } from './remove-tree.ts'
import type { WorkspaceOwner, WorkspaceOwners } from './workspace-owners.ts'

export type WorkspacesOptions = {
  /** Parent of the workspaces; null when they live in the sandbox only. */
  root: string | null
  storage: WorkspaceStorage | undefined
  storageFolder: string | null
  logger: Logger
  /** Where whose directories are whose is noted; undefined when the store remembers that. */
  owners?: WorkspaceOwners | undefined
}

/** Host directory of a sandbox's workspace, and where it is kept. */
export type Workspace = { directory: string | null; storagePath: string | null }

/** The host directories behind `/workspace`: made before a sandbox, kept in the storage and deleted after it. */
export class Workspaces {
  readonly #options: WorkspacesOptions

  constructor(options: WorkspacesOptions) {
    this.#options = options
  }

  /** Where the workspace of a planned sandbox will be; makes nothing. @throws SandboxError `mount_refused` */
  async locate(plan: SandboxPlan, sessionId: string): Promise<Workspace> {
    if (plan.predecessor) return { directory: plan.predecessor.mountDir, storagePath: plan.predecessor.storagePath }
    const { root, storage, storageFolder } = this.#options
    const directory =
      plan.mountDir === null
        ? this.#ownDirectory(sessionId)
        : await guardMount(plan.mountDir, { readOnly: false, workspaceRoot: root })
    const keptAt = directory && storage && storageFolder !== null ? `${storageFolder}/${sessionId}` : null
    return { directory, storagePath: plan.storagePath ?? keptAt }
  }

  /**
   * Makes the directory of a new sandbox, if it is ours to make, and fills it with what was kept. One that was taken over is
   * left as it is: nothing is newer than what is in it.
   */
  async prepare(record: SandboxRecord, plan: SandboxPlan, signal: AbortSignal): Promise<void> {
    if (plan.predecessor && record.mountDir !== null && (await isDirectory(record.mountDir))) return
    await this.#make(record, plan)
    await this.#restore(record, signal)
  }

  /** Keeps the workspace of an ended sandbox in the storage, where it has a place there. @throws what the storage throws */
  async keep({ mountDir, storagePath }: Pick<SandboxRecord, 'mountDir' | 'storagePath'>): Promise<void> {
    const { storage } = this.#options
    if (storage && mountDir !== null && storagePath !== null) await storage.upload(mountDir, storagePath)
  }

  /** Notes that a sandbox is ready in its directory, under a new name if it was restored. */
  async noteReady({ mountDir }: Pick<SandboxRecord, 'mountDir'>, predecessor: SandboxRecord | null): Promise<void> {
    if (mountDir === null) return
    const name = predecessor?.name
    await this.#options.owners?.note(mountDir, ({ earlier }) => ({
      made: true,
      recycled: null,
      earlier: name === undefined ? earlier : [...earlier, name],
    }))
  }

  /** Notes that a sandbox is recycled, with all that restoring it takes. */
  async noteRecycled(record: SandboxRecord): Promise<void> {
    if (record.mountDir === null) return
    await this.#options.owners?.note(record.mountDir, () => ({ recycled: { ...record, runtimeToken: '' } }))
  }

  /** Notes that a sandbox is released, so that its directory goes whatever happens. */
  async noteReleased({ mountDir, storagePath }: SandboxRecord): Promise<void> {
    if (mountDir === null) return
    await this.#options.owners?.note(mountDir, () => ({ released: { storagePath } }))
  }

  /** What is noted of the directories; nothing where the store remembers. */
  listOwners(): AsyncIterable<{ directory: string; owner: WorkspaceOwner }> {
    return this.#options.owners?.list() ?? nothing()
  }

  /** Deletes the directory if it is ours; a caller's own is never touched. Idempotent. */
  async discard(record: Pick<SandboxRecord, 'mountDir'>): Promise<void> {
    if (!this.isOwn(record)) return
    await removeTree(record.mountDir!)
    await this.#options.owners?.end(record.mountDir!)
  }

  /** Whether the server made the directory, and so has to delete it: it lies among the workspaces, where no caller's may. */
  isOwn({ mountDir }: Pick<SandboxRecord, 'mountDir'>): boolean {
    const { root } = this.#options
    return mountDir !== null && root !== null && dirname(mountDir) === root && isMadeSessionId(basename(mountDir))
  }

  async #make(record: SandboxRecord, plan: SandboxPlan): Promise<void> {
    if (!this.isOwn(record)) return
    await mkdir(this.#options.root!, { recursive: true, mode: 0o700 })
    await this.#options.owners?.begin(record.mountDir!)
    await mkdir(record.mountDir!)
    // Inside, other users than the server's write to it; from outside, the parent keeps others away.
    if (plan.security.nonRoot) await chmod(record.mountDir!, 0o777)
  }

  async #restore({ mountDir, storagePath }: SandboxRecord, signal: AbortSignal): Promise<void> {
    const { storage } = this.#options
    if (storage && mountDir !== null && storagePath !== null) await storage.download(storagePath, mountDir, { signal })
  }

  #ownDirectory(sessionId: string): string | null {
    const { root } = this.#options
    if (root === null) return null
    // It becomes a path that will be deleted.
    if (!isSessionId(sessionId)) throw new SandboxError('internal', 'a session id that is not one')
    return join(root, sessionId)
  }
}

async function* nothing(): AsyncGenerator<never> {}

async function isDirectory(path: string): Promise<boolean> {
  const found = await stat(path).catch(() => undefined)
  return found?.isDirectory() ?? false
}
