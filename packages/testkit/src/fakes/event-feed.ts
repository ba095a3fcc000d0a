type Listener<T> = { accepts: (event: T) => boolean; waiting: T[]; wake: () => void }

/** Events for any number of readers; each gets those that are sent while it reads. */
export class EventFeed<T> {
  readonly #listeners = new Set<Listener<T>>()

  /** Number of readers. */
  get readers(): number {
    return this.#listeners.size
  }

  send(event: T): void {
    for (const listener of this.#listeners) {
      if (!listener.accepts(event)) continue
      listener.waiting.push(event)
      listener.wake()
    }
  }

  /** Listens from the first `next()` on; ends, without an error, when the signal aborts. */
  async *read(accepts: (event: T) => boolean, signal: AbortSignal | undefined): AsyncGenerator<T, void> {
    const listener: Listener<T> = { accepts, waiting: [], wake: () => {} }
    let ended = signal?.aborted ?? false
    const abort = () => {
      ended = true
      listener.wake()
    }
    this.#listeners.add(listener)
    signal?.addEventListener('abort', abort)
    try {
      while (!ended) {
        const event = listener.waiting.shift()
        if (event !== undefined) yield event
        else await new Promise<void>((resolve) => (listener.wake = resolve))
      }
    } finally {
      this.#listeners.delete(listener)
      signal?.removeEventListener('abort', abort)
    }
  }
}
