import { describe, expect, it } from 'vitest'
import { fakeManager } from './http/fake-manager.fixture.ts'
import { createHttpApp } from './http/http-app.ts'
import { createLogger } from './log.ts'
import { currentRequestId } from './request-context.ts'

describe('the id of a request', () => {
  it('is in all that is logged for it, once, and known where its work is done', async () => {
    const lines: string[] = []
    const logger = createLogger({ level: 'DEBUG', destination: { write: (line) => void lines.push(line) } })
    const seen: (string | undefined)[] = []
    const manager = fakeManager({
      callTool: async () => {
        await new Promise((resolve) => setImmediate(resolve))
        seen.push(currentRequestId())
        logger.child({ part: 'manager' }).info({}, 'at work')
        return { content: [], isError: false }
      },
    })
    const app = createHttpApp(manager, { logger })
    const call = async (id: string) =>
      app.request('http://localhost/call_tool', {
        method: 'POST',
        headers: { 'x-request-id': id, host: 'localhost' },
        body: '{"identity":"known","tool_name":"x"}',
      })
    const answers = await Promise.all(['one', 'two'].map(call))
    expect(answers.map((answer) => answer.headers.get('x-request-id'))).toEqual(['one', 'two'])
    expect(new Set(seen)).toEqual(new Set(['one', 'two']))
    expect(lines).toHaveLength(4)
    for (const line of lines) expect(line.match(/"requestId":"(one|two)"/g)).toHaveLength(1)
    expect(currentRequestId()).toBeUndefined()
  })
})
