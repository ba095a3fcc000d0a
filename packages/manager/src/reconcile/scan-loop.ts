import type { Clock, Timer } from '@runtime-sandbox/core'

export type ScanLoopOptions = {
  clock: Clock
  intervalMs: number
  /** Must not throw. The next scan comes `intervalMs` after it is done. */
  scan: () => Promise<void>
}

/** Scans again and again, never twice at once, until it is stopped. */
export class ScanLoop {
  readonly #options: ScanLoopOptions
  #timer: Timer | undefined
  #stopped = false

  constructor(options: ScanLoopOptions) {
    this.#options = options
  }

  start(): void {
    const { clock, intervalMs, scan } = this.#options
    if (this.#stopped) return
    this.#timer = clock.after(intervalMs, () => void scan().finally(() => this.start()))
  }

  stop(): void {
    this.#stopped = true
    this.#timer?.cancel()
  }
}
