import type { Readable } from 'node:stream'
import type Docker from 'dockerode'
import type { Clock, ContainerEvent, Logger } from '@runtime-sandbox/core'
import { z } from 'zod'

const eventSchema = z.object({
  Action: z.string(),
  timeNano: z.number().optional(),
  time: z.number().optional(),
  Actor: z.object({ ID: z.string().optional(), Attributes: z.record(z.string(), z.string()) }),
})

export type WatchParts = { docker: Docker; logger: Logger; clock: Clock }

const firstPauseMs = 100
const longestPauseMs = 10_000

/** Ends of containers with `labels`, until the signal aborts. A broken stream is taken up again where it broke. */
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
    try {
      const stream = (await docker.getEvents({
        filters,
        since,
        abortSignal: signal,
      } as Docker.GetEventsOptions)) as Readable
      for await (const event of eventsOf(stream, signal)) {
        pauseMs = firstPauseMs
        since = event.at
        yield event.event
      }
    } catch (error) {
      if (signal.aborted) return
      logger.warn({ event: 'docker.watch-broken', error }, 'the event stream of the Docker engine broke')
    }
    await clock.sleep(pauseMs, { signal }).catch(() => {})
    pauseMs = Math.min(pauseMs * 2, longestPauseMs)
  }
}

async function* eventsOf(stream: Readable, signal: AbortSignal): AsyncGenerator<{ event: ContainerEvent; at: number }> {
  const abort = () => stream.destroy()
  signal.addEventListener('abort', abort, { once: true })
  stream.on('error', () => {})
  try {
    for await (const line of linesOf(stream)) {
      const parsed = eventSchema.safeParse(JSON.parse(line)).data
      if (parsed) yield { event: eventOf(parsed), at: parsed.time ?? 0 }
    }
  } finally {
    signal.removeEventListener('abort', abort)
    stream.destroy()
  }
}

/** Not node:readline, whose iteration does not end when its stream is destroyed. */
async function* linesOf(stream: Readable): AsyncGenerator<string, void, void> {
  let rest = ''
  for await (const chunk of stream.setEncoding('utf8')) {
    const lines = `${rest}${chunk as string}`.split('\n')
    rest = lines.pop() ?? ''
    yield* lines.filter((line) => line.trim() !== '')
  }
}

function eventOf({ Action, Actor: { ID: id, Attributes } }: z.output<typeof eventSchema>): ContainerEvent {
  const name = Attributes['name'] ?? ''
  if (Action === 'destroy') return { name, id, kind: 'removed', reason: 'removed from the engine' }
  return { name, id, kind: 'exited', reason: `exit code ${Attributes['exitCode'] ?? 'unknown'}` }
}
