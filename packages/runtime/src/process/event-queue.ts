/** Events from callbacks to one reader, in order. `onFull` and `onEmpty` hold the sources back while the reader is behind. */
export class EventQueue<Event> {
  readonly #events: Event[] = []
  readonly #highWater: number
  #ended = false
  #wake: (() => void) | undefined
  onFull: () => void = () => {}
  onEmpty: () => void = () => {}

  constructor(highWater = 64) {
    this.#highWater = highWater
  }

  push(event: Event): void {
    if (this.#ended) return
    this.#events.push(event)
    if (this.#events.length === this.#highWater) this.onFull()
    this.#wake?.()
  }

  /** No more events; what is queued is still read. */
  end(): void {
    this.#ended = true
    this.#wake?.()
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Event, void, void> {
    for (;;) {
      const event = this.#events.shift()
      if (event !== undefined) yield event
      else if (this.#ended) return
      else {
        this.onEmpty()
        await new Promise<void>((resolve) => (this.#wake = resolve))
        this.#wake = undefined
      }
    }
  }
}
