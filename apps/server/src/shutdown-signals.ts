import { constants } from 'node:os'

const signals = ['SIGINT', 'SIGTERM'] as const
type Signal = (typeof signals)[number]

/** Ctrl-C reaches a process directly and once more through npm; within this time it is one signal. */
const sameSignalMs = 500

/** SIGINT and SIGTERM: the first one asks for an orderly end, a later one ends the process at once. */
export class ShutdownSignals {
  /** Resolves with the first signal. */
  readonly first: Promise<Signal>

  constructor(target: NodeJS.Process) {
    const { promise, resolve } = Promise.withResolvers<Signal>()
    this.first = promise
    let firstAt: number | undefined
    for (const signal of signals) {
      target.on(signal, () => {
        firstAt ??= performance.now()
        if (performance.now() - firstAt > sameSignalMs) target.exit(128 + constants.signals[signal])
        resolve(signal)
      })
    }
  }
}
