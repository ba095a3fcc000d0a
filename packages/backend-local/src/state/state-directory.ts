import { createHash, randomBytes } from 'node:crypto'
import { lstatSync, existsSync } from 'node:fs'
import { chmod, lstat, mkdir, readdir, rename, rmdir, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { SandboxError } from '@runtime-sandbox/core'
import { insideUser } from '../launch/inside-paths.ts'

/** A socket's address holds 107 bytes and its end. */
const maxSocketPathBytes = 107

const etcFiles: Record<string, string> = {
  passwd:
    `${insideUser.name}:x:${insideUser.uid}:${insideUser.gid}:Sandbox:/home/${insideUser.name}:/bin/sh\n` +
    'nobody:x:65534:65534:Nobody:/nonexistent:/usr/sbin/nologin\n',
  group: `${insideUser.name}:x:${insideUser.gid}:\nnogroup:x:65534:\n`,
  hosts: `127.0.0.1 localhost ${insideUser.hostname}\n::1 localhost ip6-localhost ip6-loopback\n`,
  hostname: `${insideUser.hostname}\n`,
  'nsswitch.conf': 'passwd: files\ngroup: files\nhosts: files dns\n',
}

/** The default of LOCAL_STATE_DIR. */
export function defaultStateDirectory(uid: number): string {
  if (uid === 0) return '/run/runtime-sandbox-local'
  const userDirectory = `/run/user/${uid}`
  const isOwn = existsSync(userDirectory) && lstatSync(userDirectory).uid === uid
  return isOwn ? join(userDirectory, 'runtime-sandbox-local') : join(tmpdir(), `runtime-sandbox-local-${uid}`)
}

/** Directories of the engine on the host. Servers of one user share them. */
export class StateDirectory {
  readonly path: string
  /** Root rights: other users, those of sandboxes, pass through; they cannot list. */
  readonly #mode: number

  constructor(path: string, { root }: { root: boolean }) {
    this.path = path
    this.#mode = root ? 0o711 : 0o700
  }

  get sandboxes(): string {
    return join(this.path, 'sandboxes')
  }

  /** One empty directory for each user id in use. */
  get userIds(): string {
    return join(this.path, 'uids')
  }

  get etc(): string {
    return join(this.path, 'etc')
  }

  /** Makes what is missing. @throws SandboxError `engine_unavailable` when the directory is not ours alone */
  async prepare(): Promise<void> {
    if (Buffer.byteLength(join(this.sandboxes, '0'.repeat(16), 'own/runtime.sock')) > maxSocketPathBytes) {
      throw new SandboxError('engine_unavailable', `LOCAL_STATE_DIR: ${this.path} is too long for the path of a socket`)
    }
    await this.#makeOwn(this.path)
    await Promise.all([this.sandboxes, this.userIds, this.etc].map((path) => this.#makeOwn(path)))
    await Promise.all(Object.entries(etcFiles).map(([name, text]) => this.#writeEtc(name, text)))
  }

  async #makeOwn(path: string): Promise<void> {
    await mkdir(path, { recursive: true, mode: this.#mode })
    const found = await lstat(path)
    const isOwn = found.isDirectory() && found.uid === process.getuid?.() && (found.mode & 0o022) === 0
    if (!isOwn)
      throw new SandboxError('engine_unavailable', `LOCAL_STATE_DIR: ${path} belongs to or is writable by another user`)
    await chmod(path, this.#mode)
  }

  /** Replaced as a whole, for another server may be starting a sandbox. */
  async #writeEtc(name: string, text: string): Promise<void> {
    const path = join(this.etc, name)
    const draft = `${path}.${process.pid}`
    await writeFile(draft, text, { mode: 0o644 })
    await chmod(draft, 0o644)
    await rename(draft, path)
  }

  /** A new sandbox's id. Its first four digits are the same for all of one state directory: cgroups of one machine are told apart. */
  newId(): string {
    return this.idPrefix + randomBytes(6).toString('hex')
  }

  get idPrefix(): string {
    return createHash('sha256').update(this.path).digest('hex').slice(0, 4)
  }

  /** Ids of all sandboxes that have a directory. */
  async sandboxIds(): Promise<string[]> {
    const names = await readdir(this.sandboxes).catch(() => [])
    return names.filter((name) => /^[0-9a-f]{16}$/.test(name))
  }
}

/** A user id that no other sandbox of this machine's servers has. Held until {@link freeUserId}. */
export async function leaseUserId(directory: string, base: number, count: number): Promise<number> {
  const taken = new Set(await readdir(directory))
  for (let uid = base; uid < base + count; uid += 1) {
    if (taken.has(String(uid))) continue
    try {
      await mkdir(join(directory, String(uid)))
      return uid
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    }
  }
  throw new SandboxError('sandbox_start_failed', `all ${count} user ids of LOCAL_UID_BASE are in use`)
}

/** Idempotent. */
export async function freeUserId(directory: string, uid: number): Promise<void> {
  await rmdir(join(directory, String(uid))).catch(() => {})
}
