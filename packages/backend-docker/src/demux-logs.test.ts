import { expect, it } from 'vitest'
import { demuxLogs } from './demux-logs.ts'

function frame(stream: 1 | 2, text: string): Buffer {
  const payload = Buffer.from(text)
  const header = Buffer.alloc(8)
  header[0] = stream
  header.writeUInt32BE(payload.length, 4)
  return Buffer.concat([header, payload])
}

it('joins both streams in their order', () => {
  expect(demuxLogs(Buffer.concat([frame(1, 'out\n'), frame(2, 'err\n'), frame(1, ''), frame(1, 'ü')]))).toBe(
    'out\nerr\nü',
  )
  expect(demuxLogs(Buffer.alloc(0))).toBe('')
})

it('reads what is there of a log that is cut off', () => {
  const whole = frame(1, 'whole\n')
  expect(demuxLogs(Buffer.concat([whole, frame(2, 'half').subarray(0, 10)]))).toBe('whole\nha')
  expect(demuxLogs(Buffer.concat([whole, Buffer.from([1, 0, 0])]))).toBe('whole\n')
})

it('does not fail on what is not text', () => {
  const payload = Buffer.concat([frame(1, '').subarray(0, 7), Buffer.from([2, 0xff, 0xfe])])
  expect(demuxLogs(payload)).toBe('��')
})
