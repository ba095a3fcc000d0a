/** What a Python cell does, in order; the last event is `done`. */
export type KernelEvent =
  | { type: 'stdout' | 'stderr'; data: Buffer }
  | {
      type: 'done'
      /** The Python exception that ended the cell. */
      error: { name: string; message: string } | null
      timedOut: boolean
      /** Why the kernel ended during the cell; a new one is started. Undefined when it lives. */
      died: string | undefined
    }
