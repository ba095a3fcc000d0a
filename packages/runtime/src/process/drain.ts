import type { Readable } from 'node:stream'
import { setImmediate, setTimeout } from 'node:timers/promises'

/** How long the output of a process that ended must be silent to be taken for complete. */
const quietMs = 100
/** How long it is read at most: a background job may write for ever. */
const mostMs = 1_000

/**
 * Resolves when the output of a process that ended has been read. Its streams may stay open: background jobs share them. What they
 * write later is read and dropped, so that they neither block nor fail.
 */
export async function drain(streams: Readable[]): Promise<void> {
  const ended = Promise.all(streams.map(whenClosed)).then(() => true)
  const until = performance.now() + mostMs
  let heard = true
  const hear = () => (heard = true)
  for (const stream of streams) stream.on('data', hear)
  while (heard && performance.now() < until) {
    heard = false
    // When this process was busy, what was written meanwhile is read after the timer: one more round tells.
    if (await Promise.race([ended, setTimeout(quietMs).then(() => setImmediate(false))])) break
  }
  for (const stream of streams) stream.removeAllListeners('data').resume()
}

function whenClosed(stream: Readable): Promise<void> {
  if (stream.closed) return Promise.resolve()
  return new Promise((resolve) => stream.once('close', () => resolve()))
}
