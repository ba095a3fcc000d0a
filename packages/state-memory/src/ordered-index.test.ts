import { describe, expect, it } from 'vitest'
import { OrderedIndex } from './ordered-index.ts'

function indexOf(...entries: readonly [key: string, at: number][]): OrderedIndex<string> {
  const index = new OrderedIndex<string>()
  for (const [key, at] of entries) index.set(key, at)
  return index
}

describe('OrderedIndex', () => {
  it('is in order of the numbers, whatever the order of setting', () => {
    expect(indexOf(['c', 3], ['a', 1], ['b', 2], ['d', 4]).keys()).toEqual(['a', 'b', 'c', 'd'])
  })

  it('keeps equal numbers in order of setting', () => {
    const index = indexOf(['z', 1], ['y', 1], ['x', 1])
    expect(index.keys()).toEqual(['z', 'y', 'x'])
    index.set('z', 1)
    expect(index.keys()).toEqual(['y', 'x', 'z'])
  })

  it('moves a key that is set again', () => {
    const index = indexOf(['a', 1], ['b', 2], ['c', 3])
    index.set('a', 4)
    index.set('c', 0)
    expect([index.keys(), index.first, index.at('a'), index.size]).toEqual([['c', 'b', 'a'], 'c', 4, 3])
  })

  it('tells those below a number, at most so many', () => {
    const index = indexOf(['a', 1], ['b', 2], ['c', 3])
    expect([index.below(1, 9), index.below(3, 9), index.below(9, 2), index.below(9, 0)]).toEqual([
      [],
      ['a', 'b'],
      ['a', 'b'],
      [],
    ])
  })

  it('deletes at both ends and in the middle, and is empty again', () => {
    const index = indexOf(['a', 1], ['b', 2], ['c', 3], ['d', 4])
    expect([index.delete('b'), index.delete('b'), index.keys()]).toEqual([true, false, ['a', 'c', 'd']])
    index.delete('d')
    index.delete('a')
    expect(index.keys()).toEqual(['c'])
    index.delete('c')
    expect([index.keys(), index.first, index.size]).toEqual([[], undefined, 0])
    index.set('e', 1)
    expect(index.keys()).toEqual(['e'])
  })
})
