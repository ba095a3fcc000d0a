/** Calls `work` for every item, at most `concurrency` at once; all are done when it resolves. `work` handles its own errors. */
export async function eachOf<T>(
  items: Iterable<T> | AsyncIterable<T>,
  concurrency: number,
  work: (item: T) => Promise<void>,
): Promise<void> {
  const working = new Set<Promise<void>>()
  try {
    for await (const item of items) {
      const promise = work(item).finally(() => working.delete(promise))
      // Read below; until then a failure is not unhandled.
      promise.catch(() => {})
      working.add(promise)
      if (working.size >= concurrency) await Promise.race(working)
    }
  } finally {
    await Promise.all(working)
  }
}
