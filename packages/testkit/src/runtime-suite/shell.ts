import { randomInt } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { callerOf, textOf, type RuntimeUnderTest } from './runtime-under-test.ts'

export function shell(runtime: () => RuntimeUnderTest): void {
  const { shell: run, post } = callerOf(runtime)

  describe('run_shell_command', () => {
    it('answers in the shape of the contract', async () => {
      expect(await run('echo hi; echo err >&2; exit 3')).toMatchObject({
        meta: null,
        content: [
          { type: 'text', text: 'hi\n', annotations: null, description: 'stdout' },
          { type: 'text', text: 'err\n', annotations: null, description: 'stderr' },
          { type: 'text', text: '3', annotations: null, description: 'returncode' },
        ],
        isError: true,
        exit_code: 3,
        signal: null,
        timed_out: false,
        truncated: false,
      })
    })

    it('takes a non-zero exit with nothing on stderr for no error', async () => {
      const answer = await run('exit 4')
      expect(answer).toMatchObject({ isError: false, exit_code: 4 })
      expect(answer.content.map(({ description }) => description)).toEqual(['stdout', 'returncode'])
    })

    it('runs in the workspace', async () => {
      expect(textOf(await run('pwd -P'), 'stdout')?.trim()).toBe(runtime().workspace.path)
    })

    it('tells a signal as Python does', async () => {
      const answer = await run('kill -9 $$')
      expect(answer).toMatchObject({ exit_code: null, signal: 'SIGKILL' })
      expect(textOf(answer, 'returncode')).toBe('-9')
    })

    it('kills everything at the time limit and keeps what was printed', async () => {
      const startedAt = performance.now()
      const time = uniqueSeconds()
      const answer = await run(`echo before; sleep ${time} & (setsid sleep ${time} &) ; sleep ${time}`, 1)
      expect(performance.now() - startedAt).toBeLessThan(6_000)
      expect(answer).toMatchObject({ timed_out: true, isError: true })
      expect(textOf(answer, 'stdout')).toBe('before\n')
      expect(textOf(answer, 'stderr')).toMatch(/timed out after 1 s/)
      expect(await running(`sleep ${time}`)).toBe('')
    })

    it('kills everything when the caller goes away', async () => {
      const controller = new AbortController()
      const nap = `sleep ${uniqueSeconds()}`
      const pending = post('/tools/run_shell_command', { command: `${nap}; true` }, { signal: controller.signal })
      await expect.poll(() => running(nap)).not.toBe('')
      controller.abort()
      await expect(pending).rejects.toThrow()
      await expect.poll(() => running(nap), { timeout: 5_000 }).toBe('')
    })

    it('does not wait for a background job, which may go on printing', async () => {
      const name = `job-${uniqueSeconds()}`
      const startedAt = performance.now()
      const job = `(echo early; sleep 0.5; echo late; echo late >&2; echo done > ${name})`
      expect(textOf(await run(`${job} & sleep 0.1`), 'stdout')).toBe('early\n')
      expect(performance.now() - startedAt).toBeLessThan(3_000)
      await expect.poll(async () => (await run(`cat ${name}`)).content[0]!.text, { timeout: 5_000 }).toBe('done\n')
    })

    it('connects its output by pipes, which can be opened by name', async () => {
      const answer = await run('echo out | tee /dev/stdout; echo err > /dev/stderr')
      expect([textOf(answer, 'stdout'), textOf(answer, 'stderr')]).toEqual(['out\nout\n', 'err\n'])
    })

    it('reads nothing, and does not wait for input', async () => {
      expect(textOf(await run('cat; read line || echo none'), 'stdout')).toBe('none\n')
    })

    it('keeps head and tail of long output, and says what it left out', async () => {
      const answer = await run('echo first; head -c 30000000 /dev/zero | tr "\\0" x; echo; echo last')
      const stdout = textOf(answer, 'stdout')!
      expect(answer['truncated']).toBe(true)
      expect(stdout.length).toBeLessThan(2_500_000)
      expect(stdout.startsWith('first\n')).toBe(true)
      expect(stdout.endsWith('last\n')).toBe(true)
      expect(stdout).toMatch(/\[… \d+ bytes left out …\]/)
    })

    it('takes bytes that are no UTF-8, and characters cut between two writes', async () => {
      expect(textOf(await run("printf 'a\\377b'"), 'stdout')).toBe('a\ufffdb')
      expect(textOf(await run("printf '\\303'; sleep 0.05; printf '\\274'"), 'stdout')).toBe('ü')
    })

    it('shows neither its token nor its own variables to what it starts', async () => {
      const seen = textOf(await run('env; tr "\\0" "\\n" < /proc/$PPID/environ 2>/dev/null; true'), 'stdout')!
      expect(seen).not.toContain(runtime().token)
      expect(textOf(await run('env'), 'stdout')).not.toMatch(/^(SECRET_TOKEN|RUNTIME_)/m)
      const everyone = await run("cat /proc/[0-9]*/environ 2>/dev/null | tr '\\0' '\\n'")
      expect(textOf(everyone, 'stdout')).not.toContain(runtime().token)
    })

    it('runs commands side by side', async () => {
      const startedAt = performance.now()
      const answers = await Promise.all(Array.from({ length: 20 }, (_, index) => run(`sleep 1; echo ${index}`)))
      expect(performance.now() - startedAt).toBeLessThan(15_000)
      expect(answers.map((answer) => textOf(answer, 'stdout'))).toEqual(answers.map((_, index) => `${index}\n`))
    })

    it.each([
      [{ command: '' }, 400, /Command is required/],
      [{}, 422, /command/],
      [{ command: 1 }, 422, /command/],
      [{ command: 'true', timeout: 0 }, 422, /timeout/],
      [{ command: 'a\0b' }, 422, /NUL/],
    ])('refuses %o', async (body, status, detail) => {
      const response = await post('/tools/run_shell_command', body)
      expect(response.status).toBe(status)
      expect(((await response.json()) as { detail: string }).detail).toMatch(detail)
    })

    it('refuses what is not JSON, and more than it takes', async () => {
      expect((await post('/tools/run_shell_command', {}, { body: '{' })).status).toBe(400)
      const huge = JSON.stringify({ command: `: ${'x'.repeat(17 * 1024 * 1024)}` })
      expect((await post('/tools/run_shell_command', {}, { body: huge })).status).toBe(413)
      expect((await post('/tools/run_shell_command', { command: `: ${'x'.repeat(1024 * 1024)}` })).status).toBe(413)
      expect(textOf(await run('echo alive'), 'stdout')).toBe('alive\n')
    })
  })

  /** Command lines with `text`, of whoever the sandbox sees; not the search itself. */
  async function running(text: string): Promise<string> {
    const pattern = `[${text[0]}]${text.slice(1)}`
    return textOf(
      await run(`cat /proc/[0-9]*/cmdline 2>/dev/null | tr '\\0' ' ' | grep -o '${pattern}' || true`),
      'stdout',
    )!
  }
}

/** Seconds to sleep, long and told apart from those of suites that run beside this one. */
function uniqueSeconds(): number {
  return randomInt(100_000, 999_999)
}
