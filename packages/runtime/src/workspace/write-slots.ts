/** So many files are written at a time; each takes two descriptors. */
const slots = 8
/** So many may be begun or waiting before no more input is taken. */
const mostPending = 32

/** Runs pieces of work in order, a few at a time, and tells the source to wait when it is far ahead. */
export class WriteSlots {
  #free = slots
  #pending = 0
  readonly #queue: (() => void)[] = []
  #wake: (() => void) | undefined

  async run<Value>(work: () => Promise<Value>): Promise<Value> {
    this.#pending += 1
    if (this.#free === 0) await new Promise<void>((resolve) => this.#queue.push(resolve))
    else this.#free -= 1
    try {
      return await work()
    } finally {
      const next = this.#queue.shift()
      if (next) next()
      else this.#free += 1
      this.#pending -= 1
      this.#wake?.()
    }
  }

  /** Resolves when there is room for more. */
  async room(): Promise<void> {
    while (this.#pending > mostPending) await new Promise<void>((resolve) => (this.#wake = resolve))
  }
}
