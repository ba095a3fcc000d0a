import {
  SandboxError,
  type ClaimOptions,
  type Clock,
  type Logger,
  type RecycleOptions,
  type SandboxRecord,
  type SandboxRecordPatch,
  type SandboxState,
  type StateStore,
} from '@runtime-sandbox/core'

/** A sandbox changed its state. `from` is null when it was just recorded, `to` when its record was forgotten. */
export type SandboxEvent = {
  event: 'sandbox.state'
  name: string
  sandboxType: string
  from: SandboxState | null
  to: SandboxState | null
  reason: string
}

export type RecordLedgerParts = {
  state: StateStore
  clock: Clock
  logger: Logger
  onEvent?: ((event: SandboxEvent) => void) | undefined
}

/** A change of a record; the reason is what `stateReason` becomes. */
export type RecordChange = Omit<SandboxRecordPatch, 'stateReason'> & { reason: string }

// More conflicts in a row than this mean that something else is wrong.
const maxAttempts = 8

/**
 * The one place where the manager changes records: every change is guarded by the revision, carries a reason and is logged
 * once as a structured event.
 */
export class RecordLedger {
  readonly #parts: RecordLedgerParts

  constructor(parts: RecordLedgerParts) {
    this.#parts = parts
  }

  /** @throws `limit_reached`, `conflict` */
  async insert(record: SandboxRecord, capacity?: number): Promise<void> {
    await this.#parts.state.insert(record, { capacity })
    this.#tell(record, null, record.state, record.stateReason)
  }

  /** Changes exactly this revision. @throws `conflict` when another change came first, `sandbox_not_found` */
  async change(record: SandboxRecord, { reason, ...patch }: RecordChange): Promise<SandboxRecord> {
    const { state, clock } = this.#parts
    const changed = await state.update(
      record.name,
      record.revision,
      { ...patch, stateReason: reason.slice(0, 500) },
      clock.now(),
    )
    // Bookkeeping of a state that stays what it was is no event.
    const told = record.state === changed.state && record.stateReason === changed.stateReason
    if (!told) this.#tell(changed, record.state, changed.state, changed.stateReason)
    return changed
  }

  /**
   * Changes whatever revision is there, after `decide` has looked at it; reads again when another change comes first.
   *
   * @param decide returns the change, or undefined to leave the record as it is
   * @returns the changed record; undefined when it does not exist or was left alone
   */
  async changeLatest(
    name: string,
    decide: (record: SandboxRecord) => RecordChange | undefined,
  ): Promise<SandboxRecord | undefined> {
    for (let attempt = 1; ; attempt++) {
      const record = await this.#parts.state.get(name)
      const change = record && decide(record)
      if (!record || !change) return undefined
      try {
        return await this.change(record, change)
      } catch (error) {
        if (SandboxError.is(error, 'sandbox_not_found')) return undefined
        if (!SandboxError.is(error, 'conflict') || attempt === maxAttempts) throw error
      }
    }
  }

  /** Takes a parked sandbox for a caller: one operation of the store. */
  async claim(poolKey: string, options: ClaimOptions): Promise<SandboxRecord | undefined> {
    const record = await this.#parts.state.claim(poolKey, options)
    if (record) this.#tell(record, 'warm', record.state, record.stateReason)
    return record
  }

  /** Makes an idle sandbox recycled: one operation of the store. @returns undefined when it is in use, or not running */
  async recycle(name: string, options: Omit<RecycleOptions, 'at'>): Promise<SandboxRecord | undefined> {
    const { state, clock } = this.#parts
    const record = await state.recycleIdle(name, { ...options, at: clock.now() })
    if (record) this.#tell(record, 'running', record.state, record.stateReason)
    return record
  }

  /** Forgets a record. */
  async forget(record: SandboxRecord, reason: string): Promise<void> {
    await this.#parts.state.remove(record.name)
    this.#tell(record, record.state, null, reason)
  }

  #tell({ name, sandboxType }: SandboxRecord, from: SandboxState | null, to: SandboxState | null, reason: string) {
    const event: SandboxEvent = { event: 'sandbox.state', name, sandboxType, from, to, reason }
    this.#parts.logger.info(event, `sandbox ${to ?? 'forgotten'}: ${reason}`)
    try {
      this.#parts.onEvent?.(event)
    } catch (error) {
      this.#parts.logger.error({ err: error }, 'a listener of sandbox events failed')
    }
  }
}
