import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { MarkerScanner } from './marker-scanner.ts'

const marker = '\0end\0'

function scan(pieces: string[]) {
  let passed = ''
  const scanner = new MarkerScanner(Buffer.from(marker), (data) => (passed += data.toString('latin1')))
  for (const piece of pieces) if (!scanner.found) scanner.add(Buffer.from(piece, 'latin1'))
  return { scanner, passed: () => passed }
}

describe('MarkerScanner', () => {
  const text = fc
    .array(fc.constantFrom('\0', 'e', 'n', 'd', '\0e', 'x'), { maxLength: 30 })
    .map((parts) => parts.join(''))

  it('passes on exactly what precedes the marker, however it is cut', () => {
    fc.assert(
      fc.property(text, text, fc.array(fc.nat(60)), (before, after, cuts) => {
        const whole = before + marker + after
        const places = [0, ...cuts.filter((cut) => cut < whole.length).toSorted((a, b) => a - b), whole.length]
        const pieces = places.slice(1).map((place, index) => whole.slice(places[index], place))
        const { scanner, passed } = scan(pieces)
        expect(scanner.found).toBe(true)
        expect(passed()).toBe(whole.slice(0, whole.indexOf(marker)))
      }),
    )
  })

  it('passes on everything when there is no marker', () => {
    fc.assert(
      fc.property(fc.array(text), (pieces) => {
        fc.pre(!pieces.join('').includes(marker))
        const { scanner, passed } = scan(pieces)
        scanner.flush()
        expect(passed()).toBe(pieces.join(''))
      }),
    )
  })
})
