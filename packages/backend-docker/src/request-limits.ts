/** Most time, in milliseconds, that an engine may take for one request before it counts as gone. */
export const requestLimits = {
  ping: 5_000,
  /** It only has to look something up. */
  look: 30_000,
  /** It has to make, start or delete something. */
  change: 120_000,
} as const

/** Options of a request that ends with the caller's signal, and when the engine does not answer. */
export function limited(signal: AbortSignal | undefined, limitMs: number): { abortSignal: AbortSignal } {
  const limit = AbortSignal.timeout(limitMs)
  return { abortSignal: signal ? AbortSignal.any([signal, limit]) : limit }
}
