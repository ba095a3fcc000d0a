/**
 * The text of a log as the engine sends it: pieces of both streams, each behind eight bytes that name the stream and the length.
 */
export function demuxLogs(log: Buffer): string {
  const pieces: Buffer[] = []
  for (let offset = 0; offset + 8 <= log.length;) {
    const length = log.readUInt32BE(offset + 4)
    pieces.push(log.subarray(offset + 8, offset + 8 + length))
    offset += 8 + length
  }
  return Buffer.concat(pieces).toString('utf8')
}
