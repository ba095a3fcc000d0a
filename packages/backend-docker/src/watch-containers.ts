import type { Readable } from 'node:stream'
import type Docker from 'dockerode'
import type { Clock, ContainerEvent, Logger } from '@runtime-sandbox/core'
import { z } from 'zod'
import { streamLines } from './stream-lines.ts'

const eventSchema = z.object({
  Action: z.string(),
  /** Seconds since the epoch, by the engine's clock. */
  time: z.number(),
  Actor: z.object({ ID: z.string().optional(), Attributes: z.record(z.string(), z.string()) }),
})

export type WatchParts = { docker: Docker; logger: Logger; clock: Clock }

const firstPauseMs = 100
const longestPauseMs = 10_000

/**
 * Ends of containers with `labels`, until the signal aborts. A broken stream is taken up again at the second of the last event, so
 * nothing that the engine still remembers is lost, and an end may be told twice.
 */
export async function* watchContainers(
  labels: Record<string, string>,
  signal: AbortSignal,
  { docker, logger, clock }: WatchParts,
): AsyncGenerator<ContainerEvent, void, void> {
  const filters = {
    type: ['container'],
    event: ['die', 'destroy'],
    label: Object.entries(labels).map(([name, value]) => `${name}=${value}`),
  }
  let pauseMs = firstPauseMs
  let since = Math.floor(clock.now() / 1000)
  while (!signal.aborted) {
    const openedAt = clock.now()
    try {
      const query = { filters, since, abortSignal: signal } as Docker.GetEventsOptions
      for await (const { event, at } of eventsOf((await docker.getEvents(query)) as Readable, signal)) {
        since = at
        yield event
      }
    } catch (error) {
      if (signal.aborted) return
      logger.warn({ event: 'docker.watch-broken', err: error }, 'the event stream of the Docker engine broke')
    }
    // One that lasted was a good one; the next try need not wait long.
    if (clock.now() - openedAt > longestPauseMs) pauseMs = firstPauseMs
    await clock.sleep(pauseMs, { signal }).catch(() => {})
    pauseMs = Math.min(pauseMs * 2, longestPauseMs)
  }
}

async function* eventsOf(stream: Readable, signal: AbortSignal): AsyncGenerator<{ event: ContainerEvent; at: number }> {
  const abort = () => stream.destroy()
  signal.addEventListener('abort', abort, { once: true })
  stream.on('error', () => {})
  try {
    for await (const line of streamLines(stream)) {
      const parsed = eventSchema.safeParse(JSON.parse(line)).data
      if (parsed) yield { event: eventOf(parsed), at: parsed.time }
    }
  } finally {
    signal.removeEventListener('abort', abort)
    stream.destroy()
  }
}

function eventOf({ Action, Actor: { ID: id, Attributes } }: z.output<typeof eventSchema>): ContainerEvent {
  const name = Attributes['name'] ?? ''
  if (Action === 'destroy') return { name, id, kind: 'removed', reason: 'removed from the engine' }
  return { name, id, kind: 'exited', reason: `exit code ${Attributes['exitCode'] ?? 'unknown'}` }
}
