import { rename, symlink, unlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { systemClock } from '@runtime-sandbox/core'
import { startServer } from './http-server.fixture.ts'
import { RuntimeClient } from './runtime-client.ts'

const endpointAt = (url: string) => ({ name: 'box', url, runtimeToken: 't', containerId: 'c', timeoutSeconds: 5 })
const ask = (runtime: RuntimeClient, url: string) =>
  runtime.call(endpointAt(url), { method: 'GET', path: 'healthz', timeoutMs: 2000 })

describe('unixConnector', () => {
  it('does not follow a link that took the place of the socket', async () => {
    const reached: string[] = []
    await using secret = await startServer((_, response) => void response.end(reached.push('secret')), { unix: true })
    await using box = await startServer((_, response) => void response.end('box'), { unix: true })
    const runtime = new RuntimeClient(systemClock)
    expect((await ask(runtime, box.url)).text).toBe('box')
    // What sandboxed code does: it moves its socket away and links to another one of the host.
    const socket = join(box.directory, 'runtime.sock')
    await rename(socket, `${socket}.old`)
    await symlink(join(secret.directory, 'runtime.sock'), socket)
    runtime.connections.close('box')
    await expect(ask(runtime, box.url)).rejects.toMatchObject({ code: 'sandbox_unreachable' })
    expect(reached).toEqual([])
    await unlink(socket)
    await rename(`${socket}.old`, socket)
    expect((await ask(runtime, box.url)).text).toBe('box')
    runtime.connections.closeAll()
  })

  it('refuses what is not a socket', async () => {
    await using box = await startServer(() => {}, { unix: true })
    const file = join(box.directory, 'file')
    await writeFile(file, '')
    const failure = ask(new RuntimeClient(systemClock), `unix:${file}`)
    await expect(failure).rejects.toMatchObject({
      code: 'sandbox_unreachable',
      message: expect.stringContaining('ENOTSOCK'),
    })
  })

  it('says so when there is nothing', async () => {
    const failure = ask(new RuntimeClient(systemClock), 'unix:/nowhere/runtime.sock')
    await expect(failure).rejects.toMatchObject({ message: expect.stringContaining('ENOENT') })
  })

  it('leaves no handle open', async () => {
    const { readdir } = await import('node:fs/promises')
    await using box = await startServer((_, response) => void response.end('box'), { unix: true })
    const handles = async () => (await readdir('/proc/self/fd')).length
    const round = async () => {
      const runtime = new RuntimeClient(systemClock)
      await ask(runtime, box.url)
      await ask(runtime, 'unix:/nowhere/runtime.sock').catch(() => {})
      await runtime.connections.open(endpointAt('unix:/nowhere/runtime.sock')).pool.destroy()
    }
    await round()
    const before = await handles()
    for (let i = 0; i < 20; i++) await round()
    // Sockets of the last rounds may still be closing.
    expect((await handles()) - before).toBeLessThan(10)
  })
})
