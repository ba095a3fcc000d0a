import { beforeAll, describe, expect, it } from 'vitest'
import { callerOf, textOf, type RuntimeUnderTest } from './runtime-under-test.ts'

export function ipython(runtime: () => RuntimeUnderTest): void {
  const { cell, post, shell } = callerOf(runtime)
  const out = async (code: string) => textOf(await cell(code), 'stdout')

  describe('run_ipython_cell', () => {
    beforeAll(async () => {
      await cell('1')
    })

    it('answers in the shape of the contract', async () => {
      expect(await cell('print("a"); import sys; print("b", file=sys.stderr)')).toMatchObject({
        meta: null,
        content: [
          { type: 'text', text: 'a\n', annotations: null, description: 'stdout' },
          { type: 'text', text: 'b\n', annotations: null, description: 'stderr' },
        ],
        isError: true,
        error: null,
        timed_out: false,
        kernel_restarted: false,
      })
      expect((await cell('pass')).content).toHaveLength(1)
    })

    it('keeps variables, shows the last value, takes magics, shell escapes and await', async () => {
      await cell('x = 41')
      expect(await out('x + 1')).toMatch(/^Out\[\d+\]: 42\n$/)
      expect(await out('!echo from $HOME-shell | cut -c1-4')).toMatch(/^from\r?\n$/)
      expect(await out('import asyncio\nprint(await asyncio.sleep(0, "waited"))')).toBe('waited\n')
      expect(await out('%who_ls int')).toContain("'x'")
    })

    it('captures what child processes print', async () => {
      const answer = await cell(
        "import subprocess, os; r = subprocess.run(['echo', 'child']); r = os.system('echo err >&2')",
      )
      expect(textOf(answer, 'stdout')).toBe('child\n')
      expect(textOf(answer, 'stderr')).toBe('err\n')
    })

    it('tells an exception as an error, with the traceback in stdout', async () => {
      const answer = await cell('raise ValueError("no")')
      expect(answer).toMatchObject({ isError: true, error: { name: 'ValueError', message: 'no' } })
      expect(textOf(answer, 'stdout')).toContain('Traceback')
      expect(await cell('def broken(:')).toMatchObject({ isError: true, error: { name: 'SyntaxError' } })
    })

    it.each([
      'exit()',
      'quit()',
      'import sys; sys.exit(3)',
      'input()',
      'import os; os.close(1); os.close(2)',
      "import os; fd = os.open('/dev/null', os.O_WRONLY); os.dup2(fd, 1); os.dup2(fd, 2)",
      'import os; os.closerange(0, 60)',
      'import sys; sys.stdout.close(); sys.stderr = None',
      'import os; os.write(4, b"no message\\n")',
      'import os; child = os.fork()',
      'import signal; signal.signal(signal.SIGINT, signal.SIG_IGN)',
      'class Silent(Exception):\n  def __str__(self): raise OSError\nraise Silent',
      'raise BaseException("unusual")',
    ])('survives %s', async (code) => {
      await cell('kept = 1')
      expect(await cell(code)).toMatchObject({ kernel_restarted: false, timed_out: false })
      expect(await out('print("prints", kept)')).toBe('prints 1\n')
      expect(textOf(await cell('import sys; print("err", file=sys.stderr)'), 'stderr')).toBe('err\n')
    })

    it('can still be interrupted after a cell that ignored interrupts', async () => {
      await cell('import signal; kept = 2; _ = signal.signal(signal.SIGINT, signal.SIG_IGN)')
      expect(await cell('import time; time.sleep(600)', 1)).toMatchObject({ timed_out: true, kernel_restarted: false })
      expect(await out('print(kept)')).toBe('2\n')
    })

    it('takes characters that are half a pair', async () => {
      expect(await cell('"\ud800"')).toMatchObject({ isError: true, error: { name: 'UnicodeEncodeError' } })
      expect(await out(String.raw`print("\ud800 ü")`)).toBe('\\ud800 ü\n')
    })

    it('runs cells in the order of the calls, one at a time', async () => {
      await cell('order = []')
      const codes = Array.from({ length: 10 }, (_, index) => `import time; time.sleep(0.02); order.append(${index})`)
      await Promise.all(codes.map((code) => cell(code)))
      const order = JSON.parse((await out('print(order)'))!) as number[]
      expect(order.toSorted((a, b) => a - b)).toEqual(codes.map((_, index) => index))
    })

    it('interrupts a cell at the time limit and keeps its variables', async () => {
      await cell('survivor = 7')
      const answer = await cell('import time\nprint("before")\ntime.sleep(600)', 1)
      expect(answer).toMatchObject({ timed_out: true, isError: true, kernel_restarted: false })
      expect(textOf(answer, 'stdout')).toContain('before\n')
      expect(await out('print(survivor)')).toBe('7\n')
    })

    it('kills a cell that does not heed the interrupt, and starts a new session', async () => {
      const answer = await cell('import signal; signal.signal(signal.SIGINT, signal.SIG_IGN)\nwhile True: pass', 1)
      expect(answer).toMatchObject({ timed_out: true, isError: true, kernel_restarted: true })
      expect(textOf(answer, 'stderr')).toMatch(/variables are lost/)
      expect(await out('print("alive")')).toBe('alive\n')
      expect(await cell('survivor')).toMatchObject({ error: { name: 'NameError' } })
    })

    it.each([
      ['import os; print("last words", flush=True); os._exit(7)', /exit code 7/],
      ['import os; os.kill(os.getpid(), 9)', /SIGKILL/],
      ['import ctypes; ctypes.string_at(0)', /SIGSEGV/],
    ])('says that the session died of %s', async (code, reason) => {
      const answer = await cell(code)
      expect(answer).toMatchObject({ kernel_restarted: true, isError: true })
      expect(textOf(answer, 'stderr')).toMatch(reason)
      expect(await out('print("alive")')).toBe('alive\n')
    })

    it('tells the next caller of a session that ended between cells', async () => {
      const pid = (await out('import os; print(os.getpid())'))!.trim()
      await shell(`kill -9 ${pid}; while kill -0 ${pid} 2>/dev/null; do sleep 0.05; done`, 5)
      const answer = await cell('print("new")')
      expect(answer).toMatchObject({ kernel_restarted: true, error: null })
      expect(textOf(answer, 'stdout')).toBe('new\n')
      expect(textOf(answer, 'stderr')).toMatch(/ended before this cell \(killed by SIGKILL\).*variables are lost/)
      expect(await cell('print("as ever")')).toMatchObject({ kernel_restarted: false, isError: false })
    })

    it('counts the wait for earlier cells, and does not run what waited too long', async () => {
      const { get } = callerOf(runtime)
      const long = cell('import time\nopen("long-began", "w").close()\ntime.sleep(2)')
      await expect.poll(async () => (await get('exists', { path: 'long-began' })).json()).toEqual({ exists: true })
      const late = await cell('waited = True', 0.5)
      expect(late).toMatchObject({ timed_out: true, isError: true, kernel_restarted: false })
      expect(textOf(late, 'stderr')).toMatch(/this one was not run/)
      await long
      expect(await cell('waited')).toMatchObject({ error: { name: 'NameError' } })
    })

    it('interrupts a cell whose caller goes away', async () => {
      await cell('progress = []')
      const controller = new AbortController()
      const code = 'import time\nprogress.append(1)\nopen("cell-began", "w").close()\ntime.sleep(600)'
      const pending = post('/tools/run_ipython_cell', { code }, { signal: controller.signal })
      const { get } = callerOf(runtime)
      await expect.poll(async () => (await get('exists', { path: 'cell-began' })).json()).toEqual({ exists: true })
      controller.abort()
      await expect(pending).rejects.toThrow()
      expect(await out('print(progress)')).toBe('[1]\n')
    })

    it('keeps head and tail of long output', async () => {
      const answer = await cell('print("first"); print("x" * 20_000_000); print("last")')
      expect(answer['truncated']).toBe(true)
      expect(textOf(answer, 'stdout')).toMatch(/^first\n[^]*bytes left out[^]*last\n$/)
    })

    it.each([
      ['large pieces', 'while True: print("x" * 1_000_000)'],
      ['small pieces', 'while True: print("x" * 500)'],
    ])('prints without end, in %s, and the runtime stays as small as it is', async (_, code) => {
      const mostMegabytes = async () => {
        const line = textOf(await shell('grep VmHWM /proc/$PPID/status'), 'stdout')!
        return Number(line.match(/(\d+) kB/)![1]) / 1024
      }
      const before = await mostMegabytes()
      expect(await cell(code, 2)).toMatchObject({ timed_out: true, truncated: true, kernel_restarted: false })
      expect((await mostMegabytes()) - before).toBeLessThan(150)
    })

    it('keeps nothing of what was printed or shown', async () => {
      const growth = 'int(__import__("re").search(r"VmRSS:\\s+(\\d+)", open("/proc/self/status").read())[1]) // 1024'
      const megabytes = async () => Number((await out(`print(${growth})`))!)
      const before = await megabytes()
      await cell('for n in range(200): print("x" * 1_000_000)')
      await cell('class Large:\n  def __repr__(self): return "x" * 100_000_000\nLarge()')
      expect((await megabytes()) - before).toBeLessThan(50)
      expect(await out('type(_).__name__, type(Out[max(Out)]).__name__')).toMatch(/\('Large', 'Large'\)/)
    })

    it('does not have the token', async () => {
      const seen = await out('import os; print(dict(os.environ)); print(open("/proc/self/environ").read())')
      expect(seen).not.toContain(runtime().token)
    })

    it.each([
      [{ code: '' }, 400, /Code is required/],
      [{}, 422, /code/],
      [{ code: 5 }, 422, /code/],
    ])('refuses %o', async (body, status, detail) => {
      const response = await post('/tools/run_ipython_cell', body)
      expect(response.status).toBe(status)
      expect(((await response.json()) as { detail: string }).detail).toMatch(detail)
    })
  })
}
