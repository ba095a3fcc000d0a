import { describe, expect, it } from 'vitest'
import { parseSize, resourceLimitsSchema } from './resource-limits.ts'

describe('parseSize', () => {
  it.each([
    ['1', 1],
    ['512', 512],
    ['10b', 10],
    ['1k', 1024],
    ['512m', 512 * 2 ** 20],
    ['1g', 2 ** 30],
    ['1G', 2 ** 30],
    ['2gb', 2 * 2 ** 30],
    ['2GiB', 2 * 2 ** 30],
    ['1t', 2 ** 40],
    [' 1 g ', 2 ** 30],
    ['0.5g', 2 ** 29],
    ['5.06gb', 5_433_133_629],
    [4096, 4096],
    [4096.9, 4096],
  ])('%j is %d bytes', (size, bytes) => {
    expect(parseSize(size)).toBe(bytes)
  })

  it.each([
    '',
    'g',
    '1x',
    '1gg',
    '10bb',
    '10ib',
    '-1g',
    '1,5g',
    '1e3',
    '0x10',
    '0',
    '0.4',
    '1 g b',
    '99999999t',
    '9'.repeat(400),
    0,
    -1,
    0.5,
    Number.NaN,
    Infinity,
  ])('refuses %j', (size) => {
    expect(() => parseSize(size)).toThrow(RangeError)
  })
})

describe('resourceLimitsSchema', () => {
  it('reads what a sandbox type declares', () => {
    expect(resourceLimitsSchema.parse({ memory: '1g', cpu: '0.5', pids: 256, shm: '2g' })).toEqual({
      memoryBytes: 2 ** 30,
      cpus: 0.5,
      pids: 256,
      shmBytes: 2 * 2 ** 30,
    })
    expect(resourceLimitsSchema.parse({ cpu: 2, pids: '64' })).toEqual({ cpus: 2, pids: 64 })
  })

  it('leaves out what is not limited', () => {
    expect(resourceLimitsSchema.parse({})).toEqual({})
  })

  it.each([
    [{ memory: 'much' }, 'memory'],
    [{ cpu: '0' }, 'cpu'],
    [{ cpu: -1 }, 'cpu'],
    [{ cpu: Infinity }, 'cpu'],
    [{ cpu: '1e3' }, 'cpu'],
    [{ cpu: '9'.repeat(400) }, 'cpu'],
    [{ pids: 1.5 }, 'pids'],
    [{ pids: 0 }, 'pids'],
    [{ shm: -1 }, 'shm'],
    [{ memory: true }, 'memory'],
  ])('refuses %j, naming the field', (limits, field) => {
    const parsed = resourceLimitsSchema.safeParse(limits)
    expect(parsed.error?.issues[0]?.path).toEqual([field])
  })

  it('refuses a limit that it does not know', () => {
    expect(resourceLimitsSchema.safeParse({ mem: '1g' }).success).toBe(false)
  })
})
