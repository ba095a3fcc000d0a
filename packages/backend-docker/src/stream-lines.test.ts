import { Readable } from 'node:stream'
import { expect, it } from 'vitest'
import { streamLines } from './stream-lines.ts'

async function linesOf(chunks: (string | Buffer)[]): Promise<string[]> {
  const lines: string[] = []
  for await (const line of streamLines(Readable.from(chunks, { objectMode: false }))) lines.push(line)
  return lines
}

it('cuts at line ends, wherever the pieces end', async () => {
  expect(await linesOf(['one\ntw', 'o\n', '\n \r\n', 'three'])).toEqual(['one', 'two', 'three'])
  expect(await linesOf([])).toEqual([])
})

it('joins a character that was cut in two', async () => {
  const bytes = Buffer.from('ü\n')
  expect(await linesOf([bytes.subarray(0, 1), bytes.subarray(1)])).toEqual(['ü'])
})

it('ends when its stream is destroyed', async () => {
  const stream = new Readable({ read() {} })
  const lines = streamLines(stream)
  stream.push('one\n')
  expect(await lines.next()).toEqual({ value: 'one', done: false })
  const next = lines.next()
  stream.destroy()
  await expect(next).rejects.toMatchObject({ code: 'ERR_STREAM_PREMATURE_CLOSE' })
})
