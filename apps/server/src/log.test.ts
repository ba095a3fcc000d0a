import { describe, expect, it } from 'vitest'
import { createLogger, type LogLevel } from './log.ts'

function capture(level: LogLevel) {
  const lines: Record<string, unknown>[] = []
  const destination = { write: (line: string) => void lines.push(JSON.parse(line) as Record<string, unknown>) }
  return { lines, logger: createLogger({ level, destination }) }
}

describe('the log', () => {
  it('is JSON lines from its level up', () => {
    const { lines, logger } = capture('WARNING')
    logger.info({}, 'no')
    logger.child({ part: 'x' }).warn({ a: 1 }, 'yes')
    expect(lines).toEqual([{ level: 'warn', time: expect.any(String) as string, part: 'x', a: 1, msg: 'yes' }])
  })

  it('does not show what a name tells to be secret', () => {
    const { lines, logger } = capture('INFO')
    logger.info(
      { token: 'hidden', record: { runtimeToken: 'hidden' }, spec: { a: { environment: { A: 'hidden' } } } },
      'x',
    )
    expect(JSON.stringify(lines)).not.toContain('hidden')
  })

  it('tells errors with what is beneath, and stacks only when debugging', () => {
    const cause = Object.assign(new Error('beneath'), { code: 'ECONNREFUSED', config: { auth: 'hidden' } })
    const error = new Error('above', { cause })
    const [info, debug] = [capture('INFO'), capture('DEBUG')]
    info.logger.error({ err: error }, 'x')
    debug.logger.error({ err: error }, 'x')
    expect(info.lines[0]!['err']).toEqual({
      name: 'Error',
      message: 'above',
      cause: { name: 'Error', message: 'beneath', code: 'ECONNREFUSED' },
    })
    expect(debug.lines[0]!['err']).toHaveProperty('cause.stack')
    expect(JSON.stringify([info.lines, debug.lines])).not.toContain('hidden')
  })
})
