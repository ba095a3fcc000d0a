import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { PatchCollector, type PatchLimits } from './patch-collector.ts'

const patch = (path: string, lines: string[]) =>
  `diff --git a/${path} b/${path}\n--- a/${path}\n+++ b/${path}\n@@ -1 +1 @@\n${lines.map((line) => `+${line}\n`).join('')}`

function collect(pieces: (string | Buffer)[], limits?: PatchLimits, mark?: string) {
  const collector = new PatchCollector(limits)
  const wanted = pieces.map((piece) => collector.add(Buffer.from(piece as string)))
  return { groups: collector.end(mark), wanted, full: collector.full }
}

/** In `''`, as a plain object. */
const single = (pieces: (string | Buffer)[], limits?: PatchLimits) => collect(pieces, limits).groups.get('')!

describe('patches', () => {
  it('are taken apart, however the output is cut', () => {
    const line = fc
      .array(fc.constantFrom('diff --git ', 'a/x b/x', '\r', '\u2028', '@@ ', '--- ', 'ü', ' '), { maxLength: 4 })
      .map((parts) => parts.join(''))
    const files = fc.dictionary(fc.stringMatching(/^[a-z]{1,3}$/), fc.array(line, { minLength: 1, maxLength: 4 }))
    fc.assert(
      fc.property(files, fc.array(fc.nat(400)), (given, cuts) => {
        const told = Object.fromEntries(Object.entries(given).map(([path, lines]) => [path, patch(path, lines)]))
        const whole = Buffer.from(Object.values(told).join(''))
        const places = [0, ...cuts.filter((cut) => cut < whole.length).toSorted((a, b) => a - b), whole.length]
        const pieces = places.slice(1).map((place, index) => whole.subarray(places[index], place))
        expect(single(pieces)).toEqual({ diffs: told, truncated: false })
      }),
    )
  })

  it('of no file are none', () => {
    expect(single([])).toEqual({ diffs: {}, truncated: false })
    expect(single(['warning: nothing\n'])).toEqual({ diffs: {}, truncated: false })
  })

  it('of one path are joined', () => {
    expect(single([patch('x', ['1']), patch('x', ['2'])]).diffs).toEqual({ x: patch('x', ['1']) + patch('x', ['2']) })
  })

  it('of a file with the name of a prototype are told', () => {
    expect(JSON.stringify(single([patch('__proto__', ['1'])]).diffs)).toContain('"__proto__":"diff --git')
  })

  it('that are too long end with how much is left out, and those behind are whole', () => {
    const long = patch('long', ['x'.repeat(1000)])
    const { diffs, truncated } = single([long, patch('short', ['1'])], { maxPatchBytes: 200, maxBytes: 10_000 })
    expect(truncated).toBe(true)
    expect(diffs['long']).toBe(`${long.slice(0, 211)}\n\\ [… ${long.length - 211} bytes left out …]\n`)
    expect(diffs['short']).toBe(patch('short', ['1']))
  })

  it('beyond all that is taken are left out, and no more is wanted', () => {
    const pieces = [patch('a', ['1']), patch('b', ['2'.repeat(200)]), patch('c', ['3'])]
    const { groups, wanted, full } = collect(pieces, { maxPatchBytes: 1000, maxBytes: 200 })
    expect([wanted, full]).toEqual([[true, false, false], true])
    const { diffs, truncated } = groups.get('')!
    expect([Object.keys(diffs), truncated]).toEqual([['a', 'b'], true])
    expect(diffs['b']).toMatch(/\n\\ \[… the rest is left out …\]\n$/)
  })

  it('that are cut before their path is known are left out', () => {
    const header = `diff --git a/${'x'.repeat(300)}`
    const { diffs, truncated } = single([patch('a', ['1']), header], { maxPatchBytes: 1000, maxBytes: 200 })
    expect([Object.keys(diffs), truncated]).toEqual([['a'], true])
  })

  it('of commits are grouped by them', () => {
    const pieces = ['diff --git MARK one\n\n', patch('a', ['1']), 'diff --git MARK two\n', 'diff --git MARK three\n\n']
    const { groups } = collect([...pieces, patch('b', ['2'])], undefined, 'MARK ')
    expect(groups.get('one')!.diffs['a']).toContain('+1\n')
    expect(groups.get('two')).toEqual({ diffs: {}, truncated: false })
    expect(Object.keys(groups.get('three')!.diffs)).toEqual(['b'])
  })

  it('of a commit that is just named when it becomes too much are not said to be none', () => {
    const pieces = ['diff --git MARK one\n\n', patch('a', ['1'.repeat(100)]), 'diff --git MARK two\n']
    const maxBytes = pieces[0]!.length + pieces[1]!.length + 15
    const { groups } = collect(pieces, { maxPatchBytes: 1000, maxBytes }, 'MARK ')
    expect([...groups.keys()]).toEqual(['', 'one'])
    expect(groups.get('one')!.truncated).toBe(false)
  })
})
