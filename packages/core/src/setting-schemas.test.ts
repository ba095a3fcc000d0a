import { describe, expect, it } from 'vitest'
import type { z } from 'zod'
import {
  booleanSetting,
  integerSetting,
  listSetting,
  mountMapSetting,
  numberSetting,
  optionalSetting,
  portRangeSetting,
} from './setting-schemas.ts'

/** What is said of a text that is refused. */
function problemOf(schema: z.ZodType, text: string): string | undefined {
  return schema.safeParse(text).error?.issues[0]?.message
}

describe('booleanSetting', () => {
  it.each(['true', 'True', 'TRUE', '1', 'yes', 'on', 't', 'y', ' Yes '])('%j is true', (text) => {
    expect(booleanSetting.parse(text)).toBe(true)
  })

  it.each(['false', 'False', '0', 'no', 'off', 'f', 'N'])('%j is false', (text) => {
    expect(booleanSetting.parse(text)).toBe(false)
  })

  it.each(['', '2', 'maybe', 'truefalse', 'null'])('refuses %j', (text) =>
    expect(problemOf(booleanSetting, text)).toContain(JSON.stringify(text)),
  )
})

describe('integerSetting', () => {
  it.each([
    ['0', 0],
    ['8000', 8000],
    [' 42 ', 42],
    ['+7', 7],
    ['007', 7],
  ])('%j is %d', (text, value) => {
    expect(integerSetting(0).parse(text)).toBe(value)
  })

  it('takes both ends of its range', () => {
    expect([integerSetting(-1, 3).parse('-1'), integerSetting(-1, 3).parse('3')]).toEqual([-1, 3])
  })

  it.each(['', ' ', '1.5', '1e3', '0x10', 'ten', '-1', '4', '9'.repeat(30), '1 2', 'null'])('refuses %j', (text) =>
    expect(problemOf(integerSetting(0, 3), text)).toContain(JSON.stringify(text)),
  )
})

describe('numberSetting', () => {
  it('takes a positive number', () => {
    expect(['2.0', '0.5', '2048', ' 1 '].map((text) => numberSetting.parse(text))).toEqual([2, 0.5, 2048, 1])
  })

  it.each(['', ' ', '0', '-1', 'NaN', 'Infinity', '1,5', 'two'])('refuses %j', (text) =>
    expect(problemOf(numberSetting, text)).toContain(JSON.stringify(text)),
  )
})

describe('optionalSetting', () => {
  it('takes blank for absent, and trims', () => {
    expect(['', '  ', ' a b '].map((text) => optionalSetting.parse(text))).toEqual([undefined, undefined, 'a b'])
  })
})

describe('listSetting', () => {
  it.each([
    ['base', ['base']],
    ['base,gui', ['base', 'gui']],
    [' base , gui ,', ['base', 'gui']],
    ['["base","gui"]', ['base', 'gui']],
    ['[ "base" , " gui " , "" ]', ['base', 'gui']],
    ['[base,gui]', ['base', 'gui']],
    ["['base', 'gui']", ['base', 'gui']],
    ['["a,b"]', ['a,b']],
    ['', []],
    ['[]', []],
    ['null', []],
  ])('%j is %j', (text, list) => {
    expect(listSetting.parse(text)).toEqual(list)
  })

  it.each(['["a"', '["a",1]', '["a" "b"]', '[a,b', 'a,b]'])('refuses %j', (text) =>
    expect(problemOf(listSetting, text)).toContain(JSON.stringify(text)),
  )
})

describe('portRangeSetting', () => {
  it.each([
    ['[49152,59152]', [49_152, 59_152]],
    [' [ 1 , 2 ] ', [1, 2]],
    ['[65535,65536]', [65_535, 65_536]],
  ])('%j is %j', (text, range) => {
    expect(portRangeSetting.parse(text)).toEqual(range)
  })

  it.each([
    '',
    '49152-59152',
    '49152,59152',
    '[1]',
    '[1,2,3]',
    '[2,1]',
    '[5,5]',
    '[0,9]',
    '[1,65537]',
    '["1","2"]',
    '[1.5,2]',
    'null',
  ])('refuses %j', (text) => expect(problemOf(portRangeSetting, text)).toContain(JSON.stringify(text)))
})

describe('mountMapSetting', () => {
  it.each([
    ['{"/host": "/data"}', { '/host': '/data' }],
    ['{"\\/Users\\/alice\\/data": "\\/data"}', { '/Users/alice/data': '/data' }],
    ['{"relative": "/data"}', { relative: '/data' }],
    ['{}', {}],
    ['null', {}],
  ])('%j is %j', (text, mounts) => {
    expect(mountMapSetting.parse(text)).toEqual(mounts)
  })

  it.each(['', '/a:/b', '[]', '["/a"]', '{"/a": 1}', '{"/a": "relative"}', '{"": "/b"}', '{', '1'])(
    'refuses %j',
    (text) => expect(problemOf(mountMapSetting, text)).toContain(JSON.stringify(text)),
  )
})
