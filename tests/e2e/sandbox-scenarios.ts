import { randomBytes } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { BaseSandbox, type ConnectionOptions } from '@runtime-sandbox/client'

/** What a person does with a sandbox; the same over HTTP and with a manager in the process, on every engine. */
export function sandboxScenarios(connection: () => ConnectionOptions): void {
  let sandbox: BaseSandbox
  beforeAll(async () => {
    sandbox = await BaseSandbox.create(connection())
  })
  afterAll(async () => {
    await sandbox?.close()
  })

  describe('shell', () => {
    it('runs a command in the workspace', async () => {
      const result = await sandbox.runShellCommand('pwd; echo err >&2; exit 3')
      expect(result).toMatchObject({
        stdout: '/workspace\n',
        stderr: 'err\n',
        exitCode: 3,
        isError: true,
        timedOut: false,
      })
    })

    it('kills at the time limit all that the command started, and keeps what was printed', async () => {
      const startedAt = performance.now()
      const result = await sandbox.runShellCommand('echo before; sleep 301 & sleep 302', { timeoutSeconds: 1 })
      expect(performance.now() - startedAt).toBeLessThan(10_000)
      expect(result).toMatchObject({ stdout: 'before\n', timedOut: true, isError: true })
      const left = await sandbox.runShellCommand(
        "cat /proc/[0-9]*/cmdline 2>/dev/null | tr '\\0' ' ' | grep -c 'sleep 30[12]'",
      )
      expect(left.stdout.trim()).toBe('0')
    })

    it('kills the command when the caller goes away', async () => {
      const controller = new AbortController()
      const reason = new Error('enough')
      const pending = sandbox.runShellCommand('touch began; sleep 303', { signal: controller.signal })
      await until(async () => sandbox.fs.exists('began'))
      controller.abort(reason)
      await expect(pending).rejects.toBe(reason)
      await until(async () => (await sandbox.runShellCommand("pgrep -f 'sleep 30[3]' || true")).stdout === '')
    })

    it('takes output of any size and any bytes', async () => {
      const result = await sandbox.runShellCommand("printf '\\377\\376'; head -c 20000000 /dev/zero | tr '\\0' x")
      expect(result.truncated).toBe(true)
      expect(result.stdout.length).toBeLessThan(3_000_000)
      expect(result.exitCode).toBe(0)
    })

    it('does not show its secrets', async () => {
      const { stdout } = await sandbox.runShellCommand("env; cat /proc/[0-9]*/environ 2>/dev/null | tr '\\0' '\\n'")
      expect(stdout).toContain('PATH=')
      expect(stdout).not.toContain('SECRET_TOKEN=')
      const { runtimeToken } = await sandbox.getInfo()
      expect(runtimeToken).toMatch(/^[0-9a-f]{32}$/)
      expect(stdout).not.toContain(runtimeToken)
    })
  })

  describe('Python', () => {
    it('keeps variables from cell to cell', async () => {
      await sandbox.runIpythonCell('x = 40')
      expect(await sandbox.runIpythonCell('print(x + 2)')).toMatchObject({
        stdout: '42\n',
        isError: false,
        error: null,
      })
    })

    it('captures what child processes print', async () => {
      const result = await sandbox.runIpythonCell("import subprocess; _ = subprocess.run(['echo', 'from a child'])")
      expect(result.stdout).toBe('from a child\n')
    })

    it('tells an exception as an error', async () => {
      const result = await sandbox.runIpythonCell('1 / 0')
      expect(result).toMatchObject({ isError: true, error: { name: 'ZeroDivisionError' } })
      expect(result.stdout).toContain('ZeroDivisionError')
    })

    it('interrupts a cell at its time limit and goes on with the same variables', async () => {
      await sandbox.runIpythonCell('kept = 1')
      const result = await sandbox.runIpythonCell('import time; time.sleep(300)', { timeoutSeconds: 1 })
      expect(result).toMatchObject({ timedOut: true, isError: true, kernelRestarted: false })
      expect((await sandbox.runIpythonCell('print(kept)')).stdout).toBe('1\n')
    })

    it('says that the session died, and starts a new one', async () => {
      const result = await sandbox.runIpythonCell('import os; os._exit(7)')
      expect(result).toMatchObject({ kernelRestarted: true, isError: true })
      expect((await sandbox.runIpythonCell('print(1)')).stdout).toBe('1\n')
    })
  })

  describe('files', () => {
    it('go in and out as text, bytes, streams and batches', async () => {
      await sandbox.fs.write('dir/text.txt', 'grüße\r\n')
      expect(await sandbox.fs.read('dir/text.txt')).toBe('grüße\r\n')
      expect((await sandbox.runShellCommand('wc -c < dir/text.txt')).stdout.trim()).toBe('9')
      const entries = await sandbox.fs.writeMany([
        { path: 'many/a', data: 'A' },
        { path: 'many/b', data: new Uint8Array([0, 255]) },
      ])
      expect(entries.map(({ path, size }) => [path, size])).toEqual([
        ['/workspace/many/a', 1],
        ['/workspace/many/b', 2],
      ])
      expect(await sandbox.fs.readBytes('many/b')).toEqual(new Uint8Array([0, 255]))
    })

    it('stream 50 MB up and down unchanged', async () => {
      const block = randomBytes(1 << 20)
      let left = 50
      const source = new ReadableStream<Uint8Array>({
        pull(controller) {
          if (left-- > 0) controller.enqueue(new Uint8Array(block))
          else controller.close()
        },
      })
      expect((await sandbox.fs.write('big.bin', source)).size).toBe(50 << 20)
      let size = 0
      for await (const chunk of await sandbox.fs.readStream('big.bin')) {
        expect(Buffer.compare(chunk, expectedBytes(block, size, chunk.length))).toBe(0)
        size += chunk.length
      }
      expect(size).toBe(50 << 20)
      await sandbox.fs.remove('big.bin')
    })

    it('list, move, make and remove', async () => {
      expect(await sandbox.fs.mkdir('tree/sub')).toBe(true)
      expect(await sandbox.fs.mkdir('tree/sub')).toBe(false)
      await sandbox.fs.write('tree/sub/f', '1')
      await sandbox.fs.move('tree/sub/f', 'tree/g')
      expect((await sandbox.fs.list('tree', { depth: 5 })).map(({ path }) => path).toSorted()).toEqual([
        '/workspace/tree/g',
        '/workspace/tree/sub',
      ])
      await sandbox.fs.remove('tree')
      expect(await sandbox.fs.exists('tree')).toBe(false)
      await sandbox.fs.remove('tree')
    })

    it('do not leave the workspace', async () => {
      await sandbox.runShellCommand('ln -sf /etc/passwd link; ln -sfn /etc out')
      for (const path of ['/etc/passwd', '../etc/passwd', 'link', 'out/passwd', '/workspace-evil/x']) {
        await expect(sandbox.fs.read(path), path).rejects.toMatchObject({ code: 'path_forbidden' })
        await expect(sandbox.fs.write(path, 'x'), path).rejects.toMatchObject({ code: 'path_forbidden' })
      }
      await expect(sandbox.fs.read('a\0b')).rejects.toMatchObject({ code: 'invalid_argument' })
      await expect(sandbox.fs.read('nothing')).rejects.toMatchObject({ code: 'file_not_found' })
    })
  })

  describe('as a whole', () => {
    it('lists the tools that every sandbox has', async () => {
      const tools = await sandbox.listTools()
      expect(Object.keys(tools['generic']!)).toEqual(['run_ipython_cell', 'run_shell_command'])
      expect(await sandbox.listTools({ toolType: 'none' })).toEqual({ none: {} })
    })

    it('is known by its name and by its bare session id', async () => {
      const info = await sandbox.getInfo()
      expect(info).toMatchObject({ name: sandbox.id, state: 'running', sandboxType: 'base' })
      const again = await BaseSandbox.connect(info.sessionId, connection())
      expect(again.id).toBe(sandbox.id)
      expect(await again.checkHealth()).toBe(true)
    })

    it('takes environment of its own, and refuses to have its secrets replaced', async () => {
      await using own = await BaseSandbox.create({ ...connection(), environment: { GREETING: 'moin' } })
      expect((await own.runShellCommand('echo $GREETING')).stdout).toBe('moin\n')
      await expect(
        BaseSandbox.create({ ...connection(), environment: { SECRET_TOKEN: 'mine' } }),
      ).rejects.toMatchObject({ code: 'invalid_argument' })
    })

    it('is gone when released', async () => {
      const other = await BaseSandbox.create(connection())
      await other.close()
      await expect(other.runShellCommand('true')).rejects.toMatchObject({ code: 'sandbox_not_running' })
    })

    it('does not see another sandbox', async () => {
      await using other = await BaseSandbox.create(connection())
      await other.fs.write('mine', 'x')
      expect(await sandbox.fs.exists('mine')).toBe(false)
    })
  })
}

function expectedBytes(block: Buffer, offset: number, length: number): Buffer {
  const start = offset % block.length
  const repeated = Buffer.concat([
    block.subarray(start),
    ...Array.from({ length: Math.ceil(length / block.length) }, () => block),
  ])
  return repeated.subarray(0, length)
}

/** Waits until `condition` holds, 15 seconds at most. */
export async function until(condition: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + 15_000
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error('did not come true within 15 s')
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}
