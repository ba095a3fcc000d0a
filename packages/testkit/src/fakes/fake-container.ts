import type { Container, ContainerInfo, ContainerSpec, ContainerStatus } from '@runtime-sandbox/core'
import { createFakeRuntime, type FakeHealth, type FakeResponder, type FakeRuntime } from './fake-runtime.ts'

export type FakeContainerParts = { id: string; imageId: string; createdAt: number; spec: ContainerSpec }

export type RunOptions = {
  endpoint: 'tcp' | 'unix' | 'nothing'
  health: FakeHealth
  respond: FakeResponder | undefined
}

/** Nothing listens on port 1 of loopback. */
const nowhere = 'http://127.0.0.1:1'

/** A container of the fake engine. */
export class FakeContainer {
  readonly id: string
  readonly spec: ContainerSpec
  readonly log: string[] = []
  readonly #parts: FakeContainerParts
  #status: ContainerStatus = 'created'
  #runtime: FakeRuntime | undefined
  #turn = Promise.resolve()

  constructor(parts: FakeContainerParts) {
    this.id = parts.id
    this.spec = parts.spec
    this.#parts = parts
  }

  get name(): string {
    return this.spec.name
  }

  get runtime(): FakeRuntime | undefined {
    return this.#runtime
  }

  /** Idempotent. */
  run(options: RunOptions): Promise<void> {
    return this.#inTurn(() => this.#runNow(options))
  }

  /** Idempotent. */
  halt(): Promise<void> {
    return this.#inTurn(() => this.#haltNow())
  }

  started(): Container {
    const { id, imageId } = this.#parts
    return { id, imageId, url: this.#runtime?.url ?? nowhere, ports: this.#runtime?.ports ?? [] }
  }

  info(): ContainerInfo {
    const { createdAt, spec } = this.#parts
    const { name, labels, environment, mounts } = structuredClone(spec)
    return { ...this.started(), createdAt, name, labels, environment, mounts, status: this.#status }
  }

  async #runNow({ endpoint, ...options }: RunOptions): Promise<void> {
    if (this.#status === 'running') return
    const token = this.spec.environment['SECRET_TOKEN'] ?? ''
    if (endpoint !== 'nothing') {
      this.#runtime = await createFakeRuntime({ ...options, token, unix: endpoint === 'unix' })
    }
    this.#status = 'running'
    this.log.push(`started ${this.name}`)
  }

  async #haltNow(): Promise<void> {
    if (this.#status === 'exited') return
    const runtime = this.#runtime
    this.#runtime = undefined
    this.#status = 'exited'
    this.log.push(`ended ${this.name}`)
    await runtime?.close()
  }

  // A stop that comes while the container starts ends what was started.
  #inTurn(step: () => Promise<void>): Promise<void> {
    this.#turn = this.#turn.catch(() => {}).then(step)
    return this.#turn
  }
}
