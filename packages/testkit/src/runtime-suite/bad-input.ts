import { describe, expect, it } from 'vitest'
import { callerOf, type RuntimeUnderTest } from './runtime-under-test.ts'

const toolRoutes = ['/tools/run_shell_command', '/tools/run_ipython_cell']

export function badInput(runtime: () => RuntimeUnderTest): void {
  const { send, post, shell } = callerOf(runtime)
  const detailOf = async (response: Response) => ((await response.json()) as { detail: unknown }).detail

  describe('bad input', () => {
    it.each(toolRoutes)('answers 4xx with a reason on %s', async (route) => {
      const bodies: [string, number][] = [
        ['', 400],
        ['{', 400],
        ['\0', 400],
        ['null', 422],
        ['[]', 422],
        ['"text"', 422],
        ['{"command":null,"code":null}', 422],
        ['{"command":"true","code":"1","timeout":"soon"}', 422],
        ['{"command":"true","code":"1","timeout":-1}', 422],
        ['{"command":"true","code":"1","timeout":1e99}', 422],
        ['['.repeat(100_000), 400],
      ]
      for (const [body, status] of bodies) {
        const response = await post(route, {}, { body })
        expect([body.slice(0, 60), response.status]).toEqual([body.slice(0, 60), status])
        expect(await detailOf(response)).toEqual(expect.any(String))
      }
    })

    it('does not ask what type a JSON body claims to have', async () => {
      const headers = { 'content-type': 'text/plain' }
      expect((await post('/tools/run_shell_command', { command: 'true' }, { headers })).status).toBe(200)
    })

    it('ignores fields that it does not know', async () => {
      expect((await post('/tools/run_shell_command', { command: 'true', colour: 'red' })).status).toBe(200)
    })

    it('takes bytes that are no UTF-8 for characters that are none', async () => {
      const body = Buffer.concat([Buffer.from('{"command":"echo a'), Buffer.from([0xff]), Buffer.from('b"}')])
      const response = await post('/tools/run_shell_command', {}, { body })
      expect(await response.json()).toMatchObject({ content: [{ text: 'a\ufffdb\n' }, {}] })
    })

    it('answers a path that is wrongly encoded, and methods that are not served', async () => {
      for (const path of ['/workspace/file?path=%ff', '/workspace/file?path=%', '/workspace/list?path=%e0%a4%a']) {
        expect((await send(path)).status).toBe(404)
      }
      expect((await send('/tools/run_shell_command')).status).toBe(404)
      expect((await send('/%2e%2e/etc/passwd')).status).toBe(404)
    })

    it('keeps serving when callers hang up in the middle of a body', async () => {
      const hangUps = toolRoutes.map(async (route) => {
        const body = new ReadableStream<Uint8Array>({
          start(controller) {
            controller.enqueue(Buffer.from('{"command":'))
            setTimeout(() => controller.error(new Error('gone')), 50)
          },
        })
        await expect(send(route, { method: 'POST', body, duplex: 'half' })).rejects.toThrow()
      })
      await Promise.all(hangUps)
      expect((await shell('echo alive')).content[0]!.text).toBe('alive\n')
    })
  })
}
