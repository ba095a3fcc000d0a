import type { StateStore } from '@runtime-sandbox/core'
import { onTestFinished } from 'vitest'

/** One empty store, opened for one test. */
export type OpenedState = {
  store: StateStore
  /** Lets so much time pass as the leases see it: moves the store's clock, or waits where the store has its own. */
  passTime: (ms: number) => Promise<void>
  /** Opens the same data once more, as another server would; absent where the data belongs to one process. */
  connect?: () => Promise<StateStore>
}

export type StateHarness = {
  /** A store without any data. */
  open(): Promise<OpenedState>
  /** Why the suite cannot run here; see `engineSuite`. */
  skip?: boolean
  /** How many random histories the property test goes through; default 300. */
  histories?: number
}

/** Opens a store that is closed at the end of the test. */
export async function openStore(harness: StateHarness): Promise<OpenedState> {
  const opened = await harness.open()
  onTestFinished(() => opened.store.close())
  return opened
}

/** The connections that contend: two to the same data where there can be two. */
export async function openPeers(harness: StateHarness): Promise<readonly [StateStore, StateStore]> {
  const { store, connect } = await openStore(harness)
  const other = await connect?.()
  if (other) onTestFinished(() => other.close())
  return [store, other ?? store]
}

/** Starts `count` operations at once, alternating between the peers. */
export function atOnce<T>(
  peers: readonly [StateStore, StateStore],
  count: number,
  operation: (store: StateStore, index: number) => Promise<T>,
): Promise<PromiseSettledResult<T>[]> {
  return Promise.allSettled(Array.from({ length: count }, (_, index) => operation(peers[index % 2 ? 1 : 0], index)))
}

/** Values of those that were fulfilled. @throws the reason of one that failed with another code than `expected` */
export function fulfilled<T>(results: readonly PromiseSettledResult<T>[], expected?: string): T[] {
  const values: T[] = []
  for (const result of results) {
    if (result.status === 'fulfilled') values.push(result.value)
    else if ((result.reason as { code?: unknown }).code !== expected) throw result.reason
  }
  return values
}
