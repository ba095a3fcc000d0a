import { SandboxError, type ContainerEvent } from '@runtime-sandbox/core'
import { BackOff } from '../back-off.ts'
import type { ManagerContext } from '../manager-context.ts'
import { ownLabels } from '../records/container-labels.ts'

/** Follows one container while it is being made. */
export type ExitFollower = Disposable & {
  /** Aborted, with `sandbox_start_failed`, when the container ends. */
  signal: AbortSignal
  /** Tells which container it became: an engine may make and drop others of that name before. */
  madeAs(id: string): void
}

type Following = { abort: AbortController; id: string | undefined; early: ContainerEvent[] }

export type ContainerWatchHandlers = {
  /** A container of ours ended. Must not throw. */
  ended(event: ContainerEvent): void
  /** Events may have been missed. */
  interrupted(): void
}

/** Hears from the engine when a container ends without our asking. Does nothing where the engine cannot tell. */
export class ContainerWatch {
  readonly #context: ManagerContext
  readonly #followers = new Map<string, Following>()
  #handlers: ContainerWatchHandlers | undefined

  constructor(context: ManagerContext) {
    this.#context = context
  }

  /** Listens until the manager closes. */
  start(handlers: ContainerWatchHandlers): void {
    this.#handlers = handlers
    const { backend, gate } = this.#context
    if (!backend.watch) return
    // Ends with the gate; waiting for it makes sure that nothing is handled after the close.
    gate.run((signal) => this.#listen(signal), { abortOnClose: true }).catch(() => {})
  }

  /** Follows the container `name`; dispose of the follower when it is made. */
  follow(name: string): ExitFollower {
    const following: Following = { abort: new AbortController(), id: undefined, early: [] }
    this.#followers.set(name, following)
    return {
      signal: following.abort.signal,
      madeAs(id) {
        following.id = id
        for (const event of following.early) tell(following, event)
      },
      [Symbol.dispose]: () => void this.#followers.delete(name),
    }
  }

  async #listen(signal: AbortSignal): Promise<void> {
    const { backend, clock, logger, settings, random } = this.#context
    const backOff = new BackOff({ clock, random, firstMs: 100, longestMs: 5000 })
    while (!signal.aborted) {
      try {
        for await (const event of backend.watch!(ownLabels(settings), { signal })) {
          backOff.reset()
          this.#handle(event)
        }
      } catch (error) {
        if (signal.aborted) return
        if (backOff.failures === 0) logger.warn({ err: error }, "the engine's events stopped; listening anew")
      }
      if (signal.aborted) return
      await clock.sleep(backOff.fail(), { signal })
      this.#handlers?.interrupted()
    }
  }

  #handle(event: ContainerEvent): void {
    const following = this.#followers.get(event.name)
    if (following?.id === undefined) following?.early.push(event)
    else tell(following, event)
    this.#handlers?.ended(event)
  }
}

/** Ends what follows, if the event is about its container. */
function tell({ abort, id }: Following, event: ContainerEvent): void {
  if (event.id !== undefined && event.id !== id) return
  const message = `sandbox ${event.name} ended while it was starting: ${event.reason}`
  abort.abort(new SandboxError('sandbox_start_failed', message))
}
