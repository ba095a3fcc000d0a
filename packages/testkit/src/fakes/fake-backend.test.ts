import { describe, expect, it } from 'vitest'
import { SandboxError, securityProfile, type ContainerSpec } from '@runtime-sandbox/core'
import { createFakeBackend, type FakeBackend } from './fake-backend.ts'

const specOf = (name: string, changes: Partial<ContainerSpec> = {}): ContainerSpec => ({
  name,
  sandboxType: 'base',
  image: 'example/base:1',
  labels: { deployment: 'a', name },
  environment: { SECRET_TOKEN: 'secret' },
  mounts: [],
  limits: {},
  security: securityProfile('medium'),
  port: 80,
  runtimeConfig: {},
  ...changes,
})
const names = async (backend: FakeBackend, labels = {}) =>
  (await Array.fromAsync(backend.list(labels))).map(({ name }) => name)
const get = (url: string, path: string, token = 'secret') =>
  fetch(`${url}${path}`, { headers: { authorization: `Bearer ${token}` } })

describe('FakeBackend', () => {
  it('runs a container that answers at its url until it is removed', async () => {
    await using backend = createFakeBackend()
    const { id, url, imageId } = await backend.create(specOf('a'))
    expect(imageId).toBe('sha256:example/base:1')
    expect(await (await get(url, '/fastapi/healthz')).text()).toBe('OK')
    expect(await backend.inspect('a')).toMatchObject({ id, name: 'a', status: 'running', labels: { deployment: 'a' } })
    await backend.remove(id)
    await backend.remove(id)
    expect(await backend.inspect(id)).toBeUndefined()
    await expect(get(url, '/healthz')).rejects.toThrow('fetch failed')
    expect([backend.calls('create'), backend.calls('remove')]).toEqual([1, 2])
  })

  it('refuses what a real engine refuses, and leaves nothing', async () => {
    await using backend = createFakeBackend()
    await backend.create(specOf('a'))
    backend.setImageId('gone', undefined)
    await expect(backend.create(specOf('a'))).rejects.toMatchObject({ code: 'conflict' })
    await expect(backend.create(specOf('b', { image: 'gone' }))).rejects.toMatchObject({ code: 'image_unavailable' })
    await expect(backend.resolveImage('gone')).rejects.toMatchObject({ code: 'image_unavailable' })
    await expect(backend.create(specOf('b', { runtimeConfig: { x: 1 } }))).rejects.toMatchObject({
      code: 'not_supported',
    })
    for (const call of [backend.start('b'), backend.stop('b'), backend.logs('b')]) {
      await expect(call).rejects.toMatchObject({ code: 'sandbox_not_found' })
    }
    expect(await names(backend)).toEqual(['a'])
  })

  it('stops and starts, at a new url', async () => {
    await using backend = createFakeBackend()
    const first = await backend.create(specOf('a'))
    await backend.stop(first.id)
    await backend.stop(first.id)
    expect((await backend.inspect('a'))?.status).toBe('exited')
    const second = await backend.start('a')
    expect(second.id).toBe(first.id)
    expect((await get(second.url, '/healthz')).status).toBe(200)
    expect(await backend.logs('a', { lines: 1 })).toBe('started a')
  })

  it('lists what has all labels', async () => {
    await using backend = createFakeBackend()
    await backend.create(specOf('a'))
    await backend.create(specOf('b', { labels: { deployment: 'b' } }))
    expect(await names(backend, { deployment: 'a' })).toEqual(['a'])
    expect(await names(backend, { deployment: 'a', name: 'b' })).toEqual([])
    expect(await names(backend)).toEqual(['a', 'b'])
  })

  it('fails and holds calls as planned', async () => {
    await using backend = createFakeBackend()
    backend.failNext('create', new SandboxError('no_free_port', 'planned'))
    await expect(backend.create(specOf('a'))).rejects.toMatchObject({ code: 'no_free_port' })
    const held = backend.holdNext('create')
    const create = backend.create(specOf('a'))
    await held.entered
    expect(backend.containers).toHaveLength(0)
    held.release()
    await create
    backend.down = true
    await expect(backend.inspect('a')).rejects.toMatchObject({ code: 'engine_unavailable' })
    backend.down = false
    expect(backend.containers).toHaveLength(1)
  })

  it('gives up a held call when its signal aborts', async () => {
    await using backend = createFakeBackend()
    const held = backend.holdNext('create')
    const controller = new AbortController()
    const create = backend.create(specOf('a'), { signal: controller.signal })
    await held.entered
    controller.abort(new Error('enough'))
    await expect(create).rejects.toThrow('enough')
    await expect(backend.ping({ signal: controller.signal })).rejects.toThrow('enough')
    expect(backend.containers).toHaveLength(0)
  })

  it('leaves nothing of a container that is removed while it is made', async () => {
    await using backend = createFakeBackend()
    const create = backend.create(specOf('a'))
    await expect.poll(() => backend.containers.length).toBe(1)
    await backend.remove('a')
    await create.catch(() => {})
    expect(backend.containers).toHaveLength(0)
  })

  it('tells watchers of ends that nobody asked for', async () => {
    await using backend = createFakeBackend()
    const controller = new AbortController()
    const seen: unknown[] = []
    const watching = (async () => {
      for await (const event of backend.watch({ deployment: 'a' }, { signal: controller.signal })) seen.push(event)
    })()
    await expect.poll(() => backend.watchers).toBe(1)
    for (const name of ['a', 'b', 'c']) await backend.create(specOf(name))
    await backend.create(specOf('other', { labels: { deployment: 'b' } }))
    await backend.exit('other')
    await backend.stop('c')
    await backend.exit('a', 'out of memory')
    await backend.vanish('b')
    await expect.poll(() => seen.length).toBe(2)
    controller.abort()
    await watching
    expect(seen).toEqual([
      { name: 'a', kind: 'exited', reason: 'out of memory' },
      { name: 'b', kind: 'removed', reason: 'removed by somebody' },
    ])
    expect(backend.watchers).toBe(0)
    expect((await backend.inspect('a'))?.status).toBe('exited')
  })

  it('ends its containers on close only when they cannot outlive it', async () => {
    await using lasting = createFakeBackend()
    await lasting.create(specOf('a'))
    await lasting.close()
    expect(lasting.containers).toHaveLength(1)
    const bound = createFakeBackend({ survivesServer: false, endpoint: 'unix' })
    await bound.create(specOf('a'))
    await bound.close()
    await bound.close()
    expect(bound.containers).toHaveLength(0)
  })
})
