/** What a Python cell does, in order; the last event is `done`. */
export type KernelEvent =
  | { type: 'stdout' | 'stderr'; data: Buffer }
  | {
      /** First of all: the session is a new one, because the one before ended when no cell ran. */
      type: 'restarted'
      reason: string
    }
  | CellEnd

export type CellEnd = {
  type: 'done'
  /** The Python exception that ended the cell. */
  error: PythonError | null
  /** `waiting`: its turn did not come in time, it was not run. */
  timedOut: false | 'running' | 'waiting'
  /** Why the session ended during the cell; a new one is started. Undefined when it lives. */
  died: string | undefined
}

export type PythonError = { name: string; message: string }
