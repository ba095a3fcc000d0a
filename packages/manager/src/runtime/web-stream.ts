import type { Readable } from 'node:stream'

const sources = new WeakMap<ReadableStream, Readable>()

/**
 * The Node stream behind a stream of `webStream` that nobody has read from: who writes to a Node stream saves the way through both
 * worlds, which costs a third of the throughput. Undefined for any other stream.
 */
export function sourceOf(stream: ReadableStream): Readable | undefined {
  return sources.get(stream)
}

/**
 * A Node stream as a web stream. Unlike Readable.toWeb, a reader that goes away in the middle never throws where nobody can
 * catch it, and ends the source at once.
 *
 * @param mapError what the reader is told of a failure of the source
 */
export function webStream(source: Readable, mapError: (error: unknown) => unknown): ReadableStream<Uint8Array> {
  const chunks = source[Symbol.asyncIterator]() as AsyncIterator<Buffer>
  // The iterator tells of errors; after a cancel nobody wants to know.
  source.on('error', () => {})
  const stream = new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        try {
          const { done, value } = await chunks.next()
          if (done) controller.close()
          else controller.enqueue(value)
        } catch (error) {
          controller.error(mapError(error))
        }
      },
      // Not through the iterator: it would wait for a chunk that may never come.
      cancel: () => void source.destroy(),
    },
    { highWaterMark: 0 },
  )
  sources.set(stream, source)
  return stream
}
