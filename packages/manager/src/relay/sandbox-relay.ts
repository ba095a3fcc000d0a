import type { RuntimeRequest, SandboxRecord } from '@runtime-sandbox/core'
import type { ManagerContext } from '../manager-context.ts'
import type { SocketRequest } from '../runtime/dial-socket.ts'
import type { RelayedSocket } from './sandbox-gateway.ts'
import type { ActiveSandboxes } from '../sessions/active-sandboxes.ts'

/** So often at most is a session marked active while a socket moves data. */
const longestSilenceMs = 5000

/** Requests and sockets that are passed on to sandboxes as they are, beside the calls. Traffic is activity, an open socket is not. */
export class SandboxRelay {
  readonly #context: ManagerContext
  readonly #active: ActiveSandboxes

  constructor(context: ManagerContext, active: ActiveSandboxes) {
    this.#context = context
    this.#active = active
  }

  /** The sandbox is in use until the whole answer was read. */
  async fetchRuntime(identity: string, request: RuntimeRequest): Promise<Response> {
    const inUse = await this.#active.use(identity, request)
    return this.#context.runtime.fetch(inUse.record, request, () => inUse[Symbol.dispose]())
  }

  async fetchDesktop(identity: string, request: RuntimeRequest): Promise<Response> {
    const inUse = await this.#active.use(identity, request)
    return this.#context.runtime.fetchDesktop(inUse.record, request, () => inUse[Symbol.dispose]())
  }

  async openSocket(identity: string, request: SocketRequest): Promise<RelayedSocket> {
    using inUse = await this.#active.use(identity, request)
    const answer = await this.#context.runtime.openSocket(inUse.record, request)
    return { ...answer, noteTraffic: this.#trafficNote(inUse.record) }
  }

  #trafficNote(record: SandboxRecord): () => void {
    const { clock, settings } = this.#context
    const pauseMs = Math.min(longestSilenceMs, settings.heartbeatTimeoutMs / 3)
    let notedAt = clock.now()
    return () => {
      if (clock.now() - notedAt < pauseMs) return
      notedAt = clock.now()
      this.#active.noteActivity(record)
    }
  }
}
