import { describe, expect, it } from 'vitest'
import { percentile } from './statistics.ts'

describe('percentile', () => {
  it('takes the nearest rank of unsorted samples', () => {
    const samples = [5, 1, 4, 2, 3]
    expect([0, 0.5, 0.9, 0.99, 1].map((share) => percentile(samples, share))).toEqual([1, 3, 5, 5, 5])
    expect(samples).toEqual([5, 1, 4, 2, 3])
    expect(percentile([7], 0.5)).toBe(7)
    expect(() => percentile([], 0.5)).toThrow(RangeError)
  })
})
