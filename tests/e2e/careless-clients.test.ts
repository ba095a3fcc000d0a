import { execFile } from 'node:child_process'
import { readFile, mkdtemp, mkdir, rm } from 'node:fs/promises'
import { request } from 'node:http'
import { connect, type Socket } from 'node:net'
import { once } from 'node:events'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { BaseSandbox } from '@runtime-sandbox/client'
import { engines } from './engines.ts'
import { ServerProcess } from './server-process.ts'

const run = promisify(execFile)
const megabyte = 2 ** 20

describe.each(engines)('careless clients of a server on $name', ({ skip, environment }) => {
  describe.skipIf(skip)('do no harm', () => {
    let server: ServerProcess
    let sandbox: BaseSandbox
    const port = () => Number(new URL(server.url).port)
    const authorization = () => `Bearer ${server.token}`
    const residentMegabytes = async () => {
      const status = await readFile(`/proc/${server.pid}/status`, 'utf8')
      return Number(/VmRSS:\s+(\d+)/.exec(status)![1]) / 1024
    }

    beforeAll(async () => {
      server = await ServerProcess.start({ environment })
      sandbox = await BaseSandbox.create(server.connection)
    })
    afterAll(async () => {
      await sandbox?.close()
      await server?.stop()
    })

    it('that open thousands of connections and say nothing', { timeout: 60_000 }, async () => {
      const count = Math.min(10_000, (await openFilesLimit()) - 2000)
      const before = await residentMegabytes()
      const sockets: Socket[] = []
      try {
        while (sockets.length < count) {
          const batch = Array.from({ length: Math.min(500, count - sockets.length) }, () =>
            connect(port(), '127.0.0.1'),
          )
          for (const socket of batch) socket.on('error', () => {})
          sockets.push(...batch)
          await Promise.all(batch.map((socket) => once(socket, 'connect')))
        }
        const begun = performance.now()
        expect((await fetch(`${server.url}/health`)).status).toBe(200)
        expect(performance.now() - begun).toBeLessThan(500)
        expect((await sandbox.runShellCommand('echo fine')).stdout).toBe('fine\n')
        expect((await residentMegabytes()) - before).toBeLessThan(count / 40)
      } finally {
        for (const socket of sockets) socket.destroy()
      }
    })

    it('that send headers without end', async () => {
      const socket = connect(port(), '127.0.0.1')
      socket.write(`GET /health HTTP/1.1\r\nHost: 127.0.0.1\r\nx-long: ${'x'.repeat(17_000)}\r\n\r\n`)
      const chunks = await Array.fromAsync(socket as AsyncIterable<Buffer>)
      expect(Buffer.concat(chunks).toString()).toMatch(/^HTTP\/1\.1 431 /)
    })

    it('that go away in the middle of an upload: what was there stays', async () => {
      await sandbox.fs.write('precious', 'as it was')
      const upload = request({
        port: port(),
        method: 'PUT',
        path: `/proxy/${sandbox.id}/workspace/file?path=precious`,
        headers: { authorization: authorization(), 'content-length': String(50 * megabyte) },
      })
      upload.on('error', () => {})
      upload.write(Buffer.alloc(5 * megabyte, 'x'))
      await new Promise((resolve) => setTimeout(resolve, 300))
      upload.destroy()
      await new Promise((resolve) => setTimeout(resolve, 300))
      expect(await sandbox.fs.read('precious')).toBe('as it was')
      const names = (await sandbox.fs.list('.')).map(({ name }) => name)
      expect(names.filter((name) => !name.startsWith('.'))).toEqual(['precious'])
    })

    it('that go away in the middle of a command: it is ended', async () => {
      const controller = new AbortController()
      const running = sandbox.runShellCommand('exec sleep 987', { signal: controller.signal }).catch(() => 'aborted')
      const sleeping = async () => (await sandbox.runShellCommand('pgrep -cx -f "sleep 987" || true')).stdout.trim()
      await expect.poll(sleeping).toBe('1')
      controller.abort()
      expect(await running).toBe('aborted')
      await expect.poll(sleeping, { timeout: 2000 }).toBe('0')
    })

    it('that read a large file slowly: it waits in the sandbox, not in the server', { timeout: 60_000 }, async () => {
      await sandbox.runShellCommand('head -c 300000000 /dev/zero > large')
      const before = await residentMegabytes()
      const readers = Array.from({ length: 5 }, () => {
        const socket = connect(port(), '127.0.0.1')
        socket.pause()
        const target = `/proxy/${sandbox.id}/workspace/file?path=large&format=bytes`
        socket.write(`GET ${target} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: ${authorization()}\r\n\r\n`)
        return socket
      })
      await new Promise((resolve) => setTimeout(resolve, 1500))
      expect((await residentMegabytes()) - before).toBeLessThan(100)
      for (const socket of readers) socket.destroy()
      expect((await sandbox.runShellCommand('echo fine')).stdout).toBe('fine\n')
    })
  })

  describe.skipIf(skip || process.getuid?.() !== 0)('a full disk', () => {
    it('is told, and the sandbox goes on when there is room again', async () => {
      const directory = await mkdtemp(path.join(tmpdir(), 'e2e-full-'))
      const workspaces = path.join(directory, 'sessions_mount_dir')
      await mkdir(workspaces)
      await run('mount', ['-t', 'tmpfs', '-o', 'size=8m', 'tmpfs', workspaces])
      try {
        await using server = await ServerProcess.start({ environment, directory })
        await using sandbox = await BaseSandbox.create(server.connection)
        await sandbox.fs.write('kept', 'kept')
        const tooMuch = sandbox.fs.write('big', new Uint8Array(20 * megabyte))
        await expect(tooMuch).rejects.toThrow()
        const command = await sandbox.runShellCommand('head -c 20000000 /dev/zero > more')
        expect(command.exitCode).not.toBe(0)
        expect(command.stderr).toMatch(/No space left/)
        expect((await fetch(`${server.url}/health`)).status).toBe(200)
        await sandbox.fs.remove('more')
        await sandbox.fs.write('again', 'room')
        expect([await sandbox.fs.read('kept'), await sandbox.fs.read('again')]).toEqual(['kept', 'room'])
        expect(await sandbox.fs.exists('big')).toBe(false)
      } finally {
        await run('umount', ['--lazy', workspaces])
        await rm(directory, { recursive: true, force: true })
      }
    })
  })
})

async function openFilesLimit(): Promise<number> {
  const limits = await readFile('/proc/self/limits', 'utf8')
  return Number(/Max open files\s+(\d+)/.exec(limits)![1])
}
