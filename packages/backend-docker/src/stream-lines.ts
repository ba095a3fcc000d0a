import type { Readable } from 'node:stream'

/** The lines of a stream that are not blank. Not node:readline, whose iteration does not end when its stream is destroyed. */
export async function* streamLines(stream: Readable): AsyncGenerator<string, void, void> {
  let rest = ''
  for await (const chunk of stream.setEncoding('utf8')) {
    const lines = `${rest}${chunk as string}`.split('\n')
    rest = lines.pop() ?? ''
    yield* lines.filter((line) => line.trim() !== '')
  }
  if (rest.trim() !== '') yield rest
}
