import { existsSync } from 'node:fs'
import {
  SandboxError,
  type BackendContext,
  type Container,
  type ContainerBackend,
  type ContainerEvent,
  type ContainerInfo,
  type ContainerSpec,
  type StopOptions,
  type WaitOptions,
} from '@runtime-sandbox/core'
import { checkMounts } from './confine/check-mounts.ts'
import { checkImage, checkSpec } from './confine/check-spec.ts'
import { describeMeans, planLimits } from './confine/plan-limits.ts'
import { EventFeed } from './event-feed.ts'
import { findHost, type LocalHost } from './host/local-host.ts'
import {
  findLeftovers,
  leftoverInfo,
  removeLeftover,
  sweepLeftovers,
  type LeftoverSandbox,
} from './leftover-sandbox.ts'
import { uidCount, type LocalConfig } from './local-config.ts'
import { LocalSandbox } from './local-sandbox.ts'
import { mapError } from './map-error.ts'
import { runtimeDigest } from './runtime-digest.ts'
import { StateDirectory, defaultStateDirectory } from './state/state-directory.ts'

const defaultGraceMs = 1000
const defaultLogLines = 100

type LabelledEvent = ContainerEvent & { labels: Readonly<Record<string, string>> }

/** Sandboxes as processes of this machine, confined by Linux namespaces. They end when the server does. */
export class LocalBackend implements ContainerBackend {
  readonly name = 'local'
  readonly survivesServer = false
  readonly mountsHostDirectories = true
  readonly #config: LocalConfig
  readonly #context: BackendContext
  readonly #state: StateDirectory
  readonly #sandboxes = new Map<string, LocalSandbox>()
  /** Names in use, also by sandboxes that are being made or removed. */
  readonly #names = new Set<string>()
  readonly #events = new EventFeed<LabelledEvent>()
  #host: Promise<LocalHost> | undefined
  #closed = false

  constructor(config: LocalConfig, context: BackendContext) {
    this.#config = config
    this.#context = context
    const uid = process.getuid?.() ?? 0
    this.#state = new StateDirectory(config.LOCAL_STATE_DIR ?? defaultStateDirectory(uid), { root: uid === 0 })
  }

  async create(spec: ContainerSpec, { signal }: WaitOptions = {}): Promise<Container> {
    signal?.throwIfAborted()
    const host = await this.#ready()
    checkSpec(spec, { hostNetwork: this.#hostNetwork })
    const limits = planLimits(spec.limits, host.means)
    if (this.#names.has(spec.name)) throw new SandboxError('conflict', `a sandbox named ${spec.name} exists`)
    this.#names.add(spec.name)
    let sandbox: LocalSandbox | undefined
    try {
      const mounts = await checkMounts(spec.mounts, { stateDirectory: this.#state.path })
      const imageId = await runtimeDigest(this.#runtimeEntry, host)
      if ((await this.#leftover(spec.name)) !== undefined) {
        throw new SandboxError('conflict', `a sandbox named ${spec.name} was left by another server`)
      }
      // The engine may have been closed meanwhile.
      await this.#ready()
      sandbox = this.#build({ ...structuredClone(spec), mounts }, { host, limits, imageId })
      this.#sandboxes.set(sandbox.id, sandbox)
      return await sandbox.start(signal)
    } catch (error) {
      if (sandbox) await this.#discard(sandbox)
      else this.#names.delete(spec.name)
      throw mapError(error, `sandbox ${spec.name} cannot be made`)
    }
  }

  async start(id: string, { signal }: WaitOptions = {}): Promise<Container> {
    signal?.throwIfAborted()
    return this.#find(id).start(signal)
  }

  async stop(id: string, { signal, graceMs = defaultGraceMs }: StopOptions = {}): Promise<void> {
    signal?.throwIfAborted()
    const sandbox = this.#lookUp(id)
    if (sandbox) return sandbox.stop(graceMs)
    // What a server that is gone left has ended.
    if (!(await this.#leftover(id))) throw notFound(id)
  }

  async remove(id: string, { signal }: WaitOptions = {}): Promise<void> {
    signal?.throwIfAborted()
    const sandbox = this.#lookUp(id)
    if (sandbox) return this.#discard(sandbox)
    const leftover = await this.#leftover(id)
    if (leftover) await removeLeftover(leftover, this.#state, this.#context.clock)
  }

  async inspect(id: string, { signal }: WaitOptions = {}): Promise<ContainerInfo | undefined> {
    signal?.throwIfAborted()
    const sandbox = this.#lookUp(id)
    if (sandbox) return sandbox.info()
    const leftover = await this.#leftover(id)
    return leftover && leftoverInfo(leftover)
  }

  async *list(labels: Record<string, string>, { signal }: WaitOptions = {}): AsyncGenerator<ContainerInfo, void> {
    const known = [...this.#sandboxes.values()].map((sandbox) => sandbox.info())
    const left = (await findLeftovers(this.#state)).map(leftoverInfo)
    for (const info of [...known, ...left]) {
      signal?.throwIfAborted()
      if (hasLabels(info.labels, labels)) yield info
    }
  }

  /** @throws SandboxError `engine_unavailable` with what is missing and how to get it */
  async ping({ signal }: WaitOptions = {}): Promise<void> {
    signal?.throwIfAborted()
    await this.#ready()
  }

  async close(): Promise<void> {
    this.#closed = true
    await Promise.all([...this.#sandboxes.values()].map((sandbox) => this.#discard(sandbox)))
  }

  /** The digest of the runtime and its interpreters. @throws SandboxError `not_supported` for any other image than base */
  async resolveImage(image: string, { signal }: WaitOptions = {}): Promise<string> {
    signal?.throwIfAborted()
    checkImage(image)
    return runtimeDigest(this.#runtimeEntry, await this.#ready())
  }

  async *watch(labels: Record<string, string>, { signal }: WaitOptions): AsyncGenerator<ContainerEvent, void> {
    for await (const event of this.#events.read((sent) => hasLabels(sent.labels, labels), signal)) {
      const { name, kind, reason } = event
      yield { name, kind, reason }
    }
  }

  async logs(id: string, { signal, lines = defaultLogLines }: WaitOptions & { lines?: number } = {}): Promise<string> {
    signal?.throwIfAborted()
    return this.#find(id).logs(lines)
  }

  get #hostNetwork(): boolean {
    return this.#config.LOCAL_NETWORK === 'host'
  }

  get #runtimeEntry(): string {
    const { runtimeEntry } = this.#context
    if (runtimeEntry !== undefined && existsSync(runtimeEntry)) return runtimeEntry
    throw new SandboxError(
      'engine_unavailable',
      'the program that runs inside sandboxes is not installed: npm install @runtime-sandbox/runtime',
    )
  }

  /** The machine, looked at once; a look that failed is repeated by the next call. */
  #ready(): Promise<LocalHost> {
    if (this.#closed) return Promise.reject(new SandboxError('engine_unavailable', 'the local engine is closed'))
    this.#host ??= this.#lookAtHost().catch((error: unknown) => {
      this.#host = undefined
      throw mapError(error, 'the local engine cannot be used')
    })
    return this.#host
  }

  async #lookAtHost(): Promise<LocalHost> {
    const { LOCAL_PYTHON: python, LOCAL_CGROUP: cgroup, LOCAL_NETWORK: network } = this.#config
    void this.#runtimeEntry
    const host = await findHost({ python, cgroup })
    await this.#state.prepare()
    await sweepLeftovers(this.#state, this.#context.clock)
    const fields = { limits: describeMeans(host.means), network, python: host.python.executable, ownUsers: host.root }
    this.#context.logger.info(fields, 'the local engine is ready')
    return host
  }

  #build(
    spec: ContainerSpec,
    made: Pick<ConstructorParameters<typeof LocalSandbox>[0], 'host' | 'limits' | 'imageId'>,
  ) {
    const { clock, logger } = this.#context
    return new LocalSandbox({
      ...made,
      id: this.#state.newId(),
      spec,
      hostNetwork: this.#hostNetwork,
      scratchBytes: this.#config.LOCAL_SCRATCH_SIZE,
      userIds: { base: this.#config.LOCAL_UID_BASE, count: uidCount },
      runtimeEntry: this.#runtimeEntry,
      state: this.#state,
      clock,
      logger,
      onEnd: (reason) => this.#events.send({ name: spec.name, kind: 'exited', reason, labels: spec.labels }),
    })
  }

  async #discard(sandbox: LocalSandbox): Promise<void> {
    await sandbox.remove()
    if (this.#sandboxes.delete(sandbox.id)) this.#names.delete(sandbox.name)
  }

  #find(id: string): LocalSandbox {
    const sandbox = this.#lookUp(id)
    if (sandbox) return sandbox
    throw notFound(id)
  }

  #lookUp(id: string): LocalSandbox | undefined {
    return this.#sandboxes.get(id) ?? [...this.#sandboxes.values()].find(({ name }) => name === id)
  }

  async #leftover(id: string): Promise<LeftoverSandbox | undefined> {
    return (await findLeftovers(this.#state)).find(({ record }) => record.id === id || record.name === id)
  }
}

function hasLabels(labels: Readonly<Record<string, string>>, wanted: Readonly<Record<string, string>>): boolean {
  return Object.entries(wanted).every(([key, value]) => labels[key] === value)
}

function notFound(id: string): SandboxError {
  return new SandboxError('sandbox_not_found', `no sandbox ${id}`)
}
