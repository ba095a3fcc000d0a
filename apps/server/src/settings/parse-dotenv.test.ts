import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseDotenv } from './parse-dotenv.ts'

const read = (text: string, options = {}) => parseDotenv(text, options).values

describe('a dotenv file', () => {
  it.each([
    ['A=1', { A: '1' }],
    ['A=1\nB=2\n', { A: '1', B: '2' }],
    ['A=1\r\nB=2\r\n', { A: '1', B: '2' }],
    ['\uFEFFA=1', { A: '1' }],
    ['export A=1', { A: '1' }],
    ['  A  =  1  ', { A: '1' }],
    ['A=', { A: '' }],
    ['A= # nothing', { A: '' }],
    ['A', {}],
    ['# A=1', {}],
    ['A=a b # comment', { A: 'a b' }],
    ['A=a#b', { A: 'a#b' }],
    ['A="a # b" # comment', { A: 'a # b' }],
    ["A='a # b'", { A: 'a # b' }],
    ["A='a\\n\"b'", { A: 'a\\n"b' }],
    ["A='it\\'s'", { A: "it's" }],
    ['A="a\\nb\\"c\\\\d"', { A: 'a\nb"c\\d' }],
    ['A="one\ntwo"\nB=3', { A: 'one\ntwo', B: '3' }],
    ["A='one\n\n# two'\nB=3", { A: 'one\n\n# two', B: '3' }],
    ['A=x=y', { A: 'x=y' }],
    ["'A B'=1", { 'A B': '1' }],
    ['A=1\nA=2', { A: '2' }],
    ['READONLY_MOUNTS={"\\/Users\\/alice": "\\/data"}', { READONLY_MOUNTS: '{"\\/Users\\/alice": "\\/data"}' }],
    ['T=["base","gui"]', { T: '["base","gui"]' }],
    ['HOST="0.0.0.0"', { HOST: '0.0.0.0' }],
  ])('%j', (text, values) => {
    expect(parseDotenv(text)).toEqual({ values, badLines: [] })
  })

  it('expands ${NAME} in every value, and nothing else', () => {
    const environment = { HOME: '/root', A: 'outer' }
    expect(
      read('A=1\nB=${A}2\nC="${B}3"\nD=\'${A}\'\nE=$A\nF=${NONE}\nG=${NONE:-x}\nH=${HOME}', { environment }),
    ).toEqual({
      A: '1',
      B: 'outer2',
      C: 'outer23',
      D: 'outer',
      E: '$A',
      F: '',
      G: 'x',
      H: '/root',
    })
    expect(read('A=1\nB=${A}2', { environment, fileWins: true })).toEqual({ A: '1', B: '12' })
  })

  it('names the lines that are no settings, and reads the others', () => {
    expect(parseDotenv('A=1\nB="unfinished\nC=3\nD="x" y\n=5\nE=6')).toEqual({
      values: { A: '1', C: '3', E: '6' },
      badLines: [2, 4, 5],
    })
  })

  it('gives back what was written in quotes', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (value) => {
        fc.pre(!/[\0\r]|\$\{/.test(value))
        const quoted = value.replace(/[\\']/g, (character) => `\\${character}`)
        expect(read(`A='${quoted}'\nB=2`)).toEqual({ A: value, B: '2' })
      }),
    )
  })
})
