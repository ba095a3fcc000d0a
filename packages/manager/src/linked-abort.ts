/** An AbortController that follows other signals until it is disposed of; it leaves no listener on them. */
export type LinkedAbort = Disposable & { signal: AbortSignal; abort(reason: unknown): void }

/** @param signals undefined ones are passed over */
export function linkedAbort(signals: readonly (AbortSignal | undefined)[]): LinkedAbort {
  const controller = new AbortController()
  const unlink: (() => void)[] = []
  for (const signal of signals) {
    if (!signal) continue
    const follow = () => controller.abort(signal.reason)
    if (signal.aborted) follow()
    else {
      signal.addEventListener('abort', follow, { once: true })
      unlink.push(() => signal.removeEventListener('abort', follow))
    }
  }
  return {
    signal: controller.signal,
    abort: (reason) => controller.abort(reason),
    [Symbol.dispose]: () => {
      for (const remove of unlink) remove()
    },
  }
}
