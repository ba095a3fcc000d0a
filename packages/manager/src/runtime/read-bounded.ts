import type { Readable } from 'node:stream'
import { SandboxError } from '@runtime-sandbox/core'

/** The text of a stream. One that is longer than `maxBytes` is cut off at the source. @throws SandboxError `payload_too_large` */
export async function readBounded(stream: Readable, maxBytes: number): Promise<string> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    size += chunk.length
    if (size > maxBytes) {
      stream.destroy()
      throw new SandboxError('payload_too_large', `the sandbox's answer is larger than ${maxBytes / 2 ** 20} MiB`)
    }
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}
