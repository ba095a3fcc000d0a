import { afterEach, describe, expect, it, vi } from 'vitest'
import { defaultImageNaming, setImageNaming } from './image-uri.ts'
import { SandboxRegistry, sandboxRegistry } from './sandbox-registry.ts'
import type { SandboxTypeOptions } from './sandbox-type.ts'

afterEach(() => setImageNaming(defaultImageNaming))

describe('SandboxRegistry', () => {
  it('knows the built-in types', () => {
    const registry = new SandboxRegistry()
    const names = registry.list().map(({ name }) => name)
    expect(names).toEqual(['base', 'gui', 'browser', 'filesystem', 'mobile', 'appworld', 'bfcl'])
    expect(registry.get('base')).toEqual({
      name: 'base',
      image: 'agentscope/runtime-sandbox-base:latest',
      limits: {},
      securityLevel: 'medium',
      network: undefined,
      timeoutSeconds: undefined,
      description: 'Shell, Python and files',
      environment: {},
      runtimeConfig: {},
    })
  })

  it('names built-in images by the naming in force when asked', () => {
    const registry = new SandboxRegistry()
    setImageNaming({ registry: '', namespace: 'mine', tag: 'dev' })
    expect(registry.get('gui').image).toBe('mine/runtime-sandbox-gui:dev')
    expect(registry.list()[0]!.image).toBe('mine/runtime-sandbox-base:dev')
  })

  it('takes the asynchronous names for the same types', () => {
    const registry = new SandboxRegistry()
    expect(registry.get('base_async')).toEqual(registry.get('base'))
    expect([registry.has('gui_async'), registry.has('_async'), registry.has('base_async_async')]).toEqual([
      true,
      false,
      false,
    ])
    registry.register('example/mine:1', { sandboxType: 'mine' })
    expect(registry.get('mine_async').name).toBe('mine')
  })

  it.each(['nope', '', 'BASE', '__proto__', 'constructor', 'base '])('says so of the unknown type %j', (name) => {
    const registry = new SandboxRegistry()
    expect(registry.has(name)).toBe(false)
    expect(() => registry.get(name)).toThrow(
      expect.objectContaining({ code: 'unknown_sandbox_type', message: `'${name}' is not a valid SandboxType` }),
    )
  })

  it('registers by a call, with everything that a type can say', () => {
    const registry = new SandboxRegistry()
    registry.register('example/mine:1', {
      sandboxType: 'Mine',
      resourceLimits: { memory: '1g', cpu: '0.5', pids: 64, shm: '64m' },
      securityLevel: 'high',
      network: true,
      timeout: 120,
      description: 'My tools',
      environment: { KEY: 'value' },
      runtimeConfig: { shm_size: '2g' },
    })
    expect(registry.get('mine')).toEqual({
      name: 'mine',
      image: 'example/mine:1',
      limits: { memoryBytes: 2 ** 30, cpus: 0.5, pids: 64, shmBytes: 64 * 2 ** 20 },
      securityLevel: 'high',
      network: true,
      timeoutSeconds: 120,
      description: 'My tools',
      environment: { KEY: 'value' },
      runtimeConfig: { shm_size: '2g' },
    })
  })

  it('registers by decorating a class, which classes below it inherit', () => {
    const registry = new SandboxRegistry()
    class Mine {
      name = 'mine'
    }
    class More extends Mine {}
    class Other {
      name = 'other'
    }
    // A decorator is a function of the class.
    expect(registry.register('example/mine:1', { sandboxType: 'mine' })(Mine)).toBe(Mine)
    expect([Mine, More, Other].map((target) => registry.typeOfClass(target))).toEqual(['mine', 'mine', undefined])
    registry.register('example/more:1', { sandboxType: 'more' })(More)
    expect([registry.typeOfClass(Mine), registry.typeOfClass(More)]).toEqual(['mine', 'more'])
  })

  it('lets the later registration win, for a built-in type too', () => {
    const registry = new SandboxRegistry()
    registry.register('example/one:1', { sandboxType: 'base', timeout: 5 })
    registry.register('example/two:1', { sandboxType: 'base' })
    expect(registry.get('base')).toMatchObject({ image: 'example/two:1', timeoutSeconds: undefined })
    expect(registry.list()).toHaveLength(7)
  })

  it('lets nobody change a definition for others', () => {
    const registry = new SandboxRegistry()
    const options = { sandboxType: 'mine', environment: { A: '1' }, runtimeConfig: {} as Record<string, unknown> }
    registry.register('example/mine:1', options)
    options.environment.A = '2'
    options.runtimeConfig['runtime'] = 'runsc'
    expect(() => Object.assign(registry.get('mine').runtimeConfig, { privileged: true })).toThrow(TypeError)
    expect(() => Object.assign(registry.get('mine').limits, { pids: 1 })).toThrow(TypeError)
    expect(registry.get('mine')).toMatchObject({ environment: { A: '1' }, runtimeConfig: {}, limits: {} })
  })

  it.each([
    [{ sandboxType: '' }, /sandboxType/],
    [{ sandboxType: 'a b' }, /sandboxType/],
    [{ sandboxType: '1a' }, /sandboxType/],
    [{ sandboxType: 'x'.repeat(64) }, /sandboxType/],
    [{ sandboxType: 'a', timeout: 0 }, /timeout/],
    [{ sandboxType: 'a', securityLevel: 'none' }, /securityLevel/],
    [{ sandboxType: 'a', resourceLimits: { memory: 'much' } }, /resourceLimits\.memory: not a size: "much"/],
    [{ sandboxType: 'a', environment: { 'A B': '' } }, /environment/],
    [{ sandboxType: 'a', colour: 'red' }, /colour/],
    [{ sandboxType: 'a', timeout: -1, network: 'yes' }, /network.*timeout|timeout.*network/],
  ])('refuses %j, naming what is wrong', (options, message) => {
    const registry = new SandboxRegistry()
    const before = registry.list()
    expect(() => registry.register('example/mine:1', options as SandboxTypeOptions)).toThrow(
      expect.objectContaining({ code: 'invalid_argument', message: expect.stringMatching(message) }),
    )
    expect(registry.list()).toEqual(before)
  })

  it('refuses an empty image', () => {
    expect(() => new SandboxRegistry().register(' ', { sandboxType: 'mine' })).toThrow('image is empty')
  })
})

describe('sandboxRegistry', () => {
  it('is one for all copies of the package in a process', async () => {
    vi.resetModules()
    const copy = await import('./sandbox-registry.ts')
    expect(copy.SandboxRegistry).not.toBe(SandboxRegistry)
    copy.SandboxRegistry.register('example/shared:1', { sandboxType: 'shared' })
    expect(sandboxRegistry().get('shared').image).toBe('example/shared:1')
    expect(copy.sandboxRegistry()).toBe(sandboxRegistry())
  })
})
