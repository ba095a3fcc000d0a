import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'

/** Bytes that went from the first to the second, and back. */
export type JoinedTraffic = { received: number; sent: number }

/** How long the other side may take to end when one has ended. */
const endingMs = 5000
/** A peer that is gone without a word is noticed by probes after such a pause. */
const probeAfterMs = 30_000

/**
 * Passes bytes between two sockets until both have ended. A side that does not read holds the other back; one that breaks off takes
 * the other with it.
 */
export function joinSockets(first: Duplex, second: Duplex, onTraffic: () => void): Promise<JoinedTraffic> {
  const traffic = { received: 0, sent: 0 }
  const pairs = [
    [first, second, 'received'],
    [second, first, 'sent'],
  ] as const
  for (const [from, to, counter] of pairs) {
    keepProbing(from)
    from.on('data', (data: Buffer) => {
      traffic[counter] += data.length
      onTraffic()
    })
    from.pipe(to)
    from.on('error', () => {})
    from.once('end', () => setTimeout(() => (from.destroy(), to.destroy()), endingMs).unref())
    from.once('close', () => to.destroy())
  }
  return new Promise((resolve) => {
    let open = 2
    const closed = () => {
      open -= 1
      if (open === 0) resolve(traffic)
    }
    for (const socket of [first, second]) {
      if (socket.closed) closed()
      else socket.once('close', closed)
    }
  })
}

function keepProbing(socket: Duplex): void {
  const { setKeepAlive, setNoDelay, setTimeout: setIdleTimeout } = socket as Partial<Socket>
  setKeepAlive?.call(socket, true, probeAfterMs)
  setNoDelay?.call(socket, true)
  setIdleTimeout?.call(socket, 0)
}
