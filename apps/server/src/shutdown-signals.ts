import { constants } from 'node:os'

const signals = ['SIGINT', 'SIGTERM'] as const
type Signal = (typeof signals)[number]

/** SIGINT and SIGTERM: the first one asks for an orderly end, the second one ends the process at once. */
export class ShutdownSignals {
  /** Resolves with the first signal. */
  readonly first: Promise<Signal>

  constructor(target: NodeJS.Process) {
    const { promise, resolve } = Promise.withResolvers<Signal>()
    this.first = promise
    let seen = false
    for (const signal of signals) {
      target.on(signal, () => {
        if (seen) target.exit(128 + constants.signals[signal])
        seen = true
        resolve(signal)
      })
    }
  }
}
