import type { Logger } from '@runtime-sandbox/core'

/** Ends of things, to be brought about in reverse order. */
export class Closers {
  readonly #pending: { name: string; close: () => Promise<void> }[] = []

  add(name: string, close: () => Promise<void>): void {
    this.#pending.push({ name, close })
  }

  /** Runs all, also when some fail; each failure is logged. Returns whether all succeeded. */
  async run(logger: Logger): Promise<boolean> {
    let clean = true
    for (let item = this.#pending.pop(); item; item = this.#pending.pop()) {
      try {
        await item.close()
      } catch (error) {
        clean = false
        logger.error({ err: error, part: item.name }, 'part did not close')
      }
    }
    return clean
  }
}
