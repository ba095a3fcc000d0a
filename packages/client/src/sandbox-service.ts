import { SandboxError, type CallOptions, type ManagerApi } from '@runtime-sandbox/core'
import { BaseSandbox } from './base-sandbox.ts'
import { connectedManager } from './connected-manager.ts'
import type { EmbeddedOptions, RemoteOptions } from './sandbox-options.ts'
import type { Sandbox, SandboxClass } from './sandbox.ts'
import { bindSandboxes, releaseSandboxes, type Session } from './session-sandboxes.ts'
import { turnsOf, type SessionTurns } from './session-turns.ts'
import { untilAborted } from './until-aborted.ts'

/** Sandbox type → its class. */
export type SandboxClasses = Readonly<Record<string, SandboxClass<Sandbox>>>

export type SandboxServiceOptions<Classes extends SandboxClasses = SandboxClasses> = (
  | RemoteOptions
  | EmbeddedOptions
) & {
  /** Classes of your own sandbox types; all other types are given as {@link BaseSandbox}. */
  sandboxClasses?: Classes | undefined
  /** Whether `stop` releases the sessions that this object has connected; default true. */
  drainOnStop?: boolean | undefined
}

export type SessionOptions = CallOptions & {
  /** Tells sessions of different users apart: the session on the server is `<sessionId>_<userId>`. */
  userId?: string | undefined
}

export type ConnectSessionOptions<Types extends readonly string[] = readonly string[]> = SessionOptions & {
  /** What the session is to have, one sandbox for each; default `['base']`. */
  sandboxTypes?: Types | undefined
}

/** What the class of a sandbox type makes. */
export type SandboxOfType<Classes extends SandboxClasses, Type extends string> = string extends Type
  ? BaseSandbox | InstanceType<Classes[keyof Classes]>
  : Type extends keyof Classes
    ? InstanceType<Classes[Type]>
    : BaseSandbox

/** One sandbox for each type, in their order. */
export type SandboxesOfTypes<Classes extends SandboxClasses, Types extends readonly string[]> = {
  -readonly [Index in keyof Types]: SandboxOfType<Classes, Types[Index]>
}

const probeTimeoutMs = 5000
const drainConcurrency = 8

/**
 * Sandboxes by session: whoever connects to a session again, in this process or another, finds the sandboxes that it has.
 *
 * @example
 * await using service = await new SandboxService({ baseUrl: 'http://127.0.0.1:8000', bearerToken }).start()
 * const [sandbox] = await service.connect('conversation-7', { userId: 'anna' })
 * await sandbox.runShellCommand('echo hello >> notes.txt')
 */
export class SandboxService<const Classes extends SandboxClasses = {}> implements AsyncDisposable {
  readonly #manager: ManagerApi
  readonly #turns: SessionTurns
  readonly #classes: Classes | undefined
  readonly #drainOnStop: boolean
  /** Sessions that this object has connected and not released. */
  readonly #connected = new Set<string>()
  #stopping = new AbortController()

  /** Asks nothing of the server yet. @throws SandboxError `invalid_argument` when no server and no manager is given */
  constructor(options: SandboxServiceOptions<Classes> = {}) {
    this.#manager = connectedManager(options)
    this.#turns = turnsOf(this.#manager)
    this.#classes = options.sandboxClasses
    this.#drainOnStop = options.drainOnStop ?? true
  }

  /**
   * Makes sure that the server answers and takes the token, and returns this object. Not needed before `connect`; after `stop` it
   * makes the object usable again.
   *
   * @throws SandboxError `server_unreachable`, `unauthorized`, …
   */
  async start({ signal }: CallOptions = {}): Promise<this> {
    await this.#probe(signal)
    if (this.#stopping.signal.aborted) this.#stopping = new AbortController()
    return this
  }

  /** Whether the server answers and takes the token, within 5 seconds; false after `stop`. Throws the signal's reason only. */
  async health({ signal }: CallOptions = {}): Promise<boolean> {
    if (this.#stopping.signal.aborted) return false
    const limit = AbortSignal.timeout(probeTimeoutMs)
    try {
      await this.#probe(signal ? AbortSignal.any([signal, limit]) : limit)
      return true
    } catch {
      signal?.throwIfAborted()
      return false
    }
  }

  /**
   * The sandboxes of a session, one for each of `sandboxTypes`, in that order: those that it has, the oldest of a type first, and
   * new ones for what is missing; a type named twice means two. When it fails, none that it made is left. Calls for one session in
   * one process wait for each other, so that nothing is made twice.
   *
   * Closing a sandbox that came from here leaves it to its session; `release` and `stop` end it.
   *
   * @throws SandboxError `limit_reached`, `unknown_sandbox_type`, `sandbox_start_failed`, `server_unreachable`, …;
   *   `invalid_argument` after `stop`
   */
  async connect<const Types extends readonly string[] = readonly ['base']>(
    sessionId: string,
    { userId, sandboxTypes, signal }: ConnectSessionOptions<Types> = {},
  ): Promise<SandboxesOfTypes<Classes, Types>> {
    const types: readonly string[] = sandboxTypes ?? ['base']
    if (types.length === 0) throw new SandboxError('invalid_argument', 'sandboxTypes is empty')
    const session = this.#session(sessionId, userId)
    const stopping = this.#stopping.signal
    const either = signal ? AbortSignal.any([signal, stopping]) : stopping
    const names = await this.#turns.run(session.id, () => this.#bind(session, types, either), { signal: either })
    return names.map((name, index) => this.#sandbox(types[index]!, name)) as SandboxesOfTypes<Classes, Types>
  }

  /** Destroys all sandboxes of a session, whoever has connected it; one that has none is success. */
  async release(sessionId: string, { userId, signal }: SessionOptions = {}): Promise<void> {
    const session = this.#session(sessionId, userId)
    await this.#turns.run(session.id, () => this.#release(session, { signal }), { signal })
  }

  /**
   * Ends what `connect` is doing, and unless `drainOnStop` is false, destroys the sandboxes of the sessions that this object has
   * connected and not released. Other sessions are left alone. What could not be released is tried again by the next `stop`.
   *
   * @throws SandboxError with the code of the first failure, once all have been tried
   */
  async stop(options: CallOptions = {}): Promise<void> {
    this.#stopping.abort(new SandboxError('invalid_argument', 'the service was stopped: call start() to use it again'))
    if (!this.#drainOnStop) return this.#connected.clear()
    const sessions = [...this.#connected]
    const failures: unknown[] = []
    const drain = async () => {
      for (let id = sessions.pop(); id !== undefined; id = sessions.pop()) {
        await this.#drain({ manager: this.#manager, id }, options).catch((error: unknown) => failures.push(error))
      }
    }
    await Promise.all(Array.from({ length: drainConcurrency }, drain))
    options.signal?.throwIfAborted()
    if (failures.length > 0) throw drainFailure(failures)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop()
  }

  async #probe(signal: AbortSignal | undefined): Promise<void> {
    // Cheap, changes nothing, and needs all that connecting needs: the token, and the server's state.
    await untilAborted(this.#manager.getSessionMapping(crypto.randomUUID(), { signal }), signal)
  }

  #session(sessionId: string, userId: string | undefined): Session {
    if (sessionId === '') throw new SandboxError('invalid_argument', 'sessionId is empty')
    return { manager: this.#manager, id: userId ? `${sessionId}_${userId}` : sessionId }
  }

  async #bind(session: Session, types: readonly string[], signal: AbortSignal): Promise<string[]> {
    const isNew = !this.#connected.has(session.id)
    this.#connected.add(session.id)
    try {
      return await bindSandboxes(session, types, { signal })
    } catch (error) {
      // Never connected, so it is others' if it is anyone's.
      if (isNew) this.#connected.delete(session.id)
      throw error
    }
  }

  async #drain(session: Session, options: CallOptions): Promise<void> {
    // A connect that has just failed has taken its session out again.
    const work = async () => (this.#connected.has(session.id) ? this.#release(session, options) : undefined)
    await this.#turns.run(session.id, work, options)
  }

  /** In the session's turn. */
  async #release(session: Session, options: CallOptions): Promise<void> {
    await releaseSandboxes(session, options)
    this.#connected.delete(session.id)
  }

  #sandbox(type: string, id: string): Sandbox {
    const classes: SandboxClasses = this.#classes ?? {}
    const sandboxClass = Object.hasOwn(classes, type) ? classes[type]! : BaseSandbox
    return new sandboxClass({ manager: this.#manager, id, owned: false })
  }
}

function drainFailure(failures: readonly unknown[]): SandboxError {
  const { code, message, details } = SandboxError.from(failures[0])
  const text = `${failures.length} session(s) could not be released, the first because: ${message}`
  return new SandboxError(code, text, { cause: failures[0], details })
}
