import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { CappedOutput } from './capped-output.ts'

const cap = 10

function collect(pieces: string[]): CappedOutput {
  const output = new CappedOutput(cap)
  for (const piece of pieces) output.add(Buffer.from(piece))
  return output
}

describe('CappedOutput', () => {
  it('keeps everything up to twice its cap, however it is cut', () => {
    const pieces = fc.array(fc.string({ unit: 'grapheme-ascii', maxLength: 5 }), { maxLength: 8 })
    fc.assert(
      fc.property(pieces, (given) => {
        const whole = given.join('')
        fc.pre(whole.length <= 2 * cap)
        const output = collect(given)
        expect([output.text(), output.truncated]).toEqual([whole, false])
      }),
    )
  })

  it('keeps the head and the tail of more, and counts the rest', () => {
    const pieces = fc.array(fc.string({ unit: 'grapheme-ascii', maxLength: 30 }), { minLength: 1, maxLength: 50 })
    fc.assert(
      fc.property(pieces, (given) => {
        const whole = given.join('')
        fc.pre(whole.length > 2 * cap)
        const output = collect(given)
        const note = `\n[… ${whole.length - 2 * cap} bytes left out …]\n`
        expect([output.text(), output.truncated]).toEqual([whole.slice(0, cap) + note + whole.slice(-cap), true])
      }),
    )
  })

  it('joins characters that were cut between two pieces, and replaces what is none', () => {
    const output = new CappedOutput(cap)
    for (const byte of [0xc3, 0xbc, 0xff]) output.add(Buffer.from([byte]))
    expect(output.text()).toBe('ü\ufffd')
  })
})
