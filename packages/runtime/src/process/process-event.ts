/** What a process does, in order; the last event is `exit`. */
export type ProcessEvent =
  | { type: 'stdout' | 'stderr'; data: Buffer }
  | {
      type: 'exit'
      /** Null when a signal ended the process. */
      code: number | null
      signal: NodeJS.Signals | null
      /** Whether it was killed because its time was up. */
      timedOut: boolean
    }

/** Runs until its `exit` event; leaving the iteration early kills the process. */
export type ProcessEvents = AsyncGenerator<ProcessEvent, void, void>
