type Reader<T> = { accepts: (event: T) => boolean; waiting: T[]; ended: boolean; wake: () => void }

/** Events for any number of readers; each gets those that are sent while it reads. */
export class EventFeed<T> {
  readonly #readers = new Set<Reader<T>>()

  send(event: T): void {
    for (const reader of this.#readers) {
      if (!reader.accepts(event)) continue
      reader.waiting.push(event)
      reader.wake()
    }
  }

  /** Listens from the first `next()` on; ends, without an error, when the signal aborts. */
  async *read(accepts: (event: T) => boolean, signal: AbortSignal | undefined): AsyncGenerator<T, void> {
    const reader: Reader<T> = { accepts, waiting: [], ended: signal?.aborted ?? false, wake: () => {} }
    const abort = () => {
      reader.ended = true
      reader.wake()
    }
    this.#readers.add(reader)
    signal?.addEventListener('abort', abort)
    try {
      while (!reader.ended) {
        const event = reader.waiting.shift()
        if (event !== undefined) yield event
        else await new Promise<void>((resolve) => (reader.wake = resolve))
      }
    } finally {
      this.#readers.delete(reader)
      signal?.removeEventListener('abort', abort)
    }
  }
}
