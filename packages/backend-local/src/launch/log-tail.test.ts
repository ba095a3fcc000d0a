import { expect, it } from 'vitest'
import { LogTail } from './log-tail.ts'

it('keeps the last lines, in bounded memory', () => {
  const log = new LogTail()
  expect(log.lines(10)).toBe('')
  for (let line = 0; line < 20_000; line += 1) log.add(Buffer.from(`line ${line}\n`))
  expect(log.lines(2)).toBe('line 19998\nline 19999')
  expect(log.lines(0)).toBe('')
  expect(log.lines(1_000_000).length).toBeLessThanOrEqual(64 * 1024)
  log.add(Buffer.alloc(1_000_000, 'x'))
  expect(log.lines(1_000_000)).toHaveLength(64 * 1024)
})
