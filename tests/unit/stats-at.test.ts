import { expect, test } from 'vitest'
import { at, lookUp, numberAt } from '../../src/lib/stats/at.ts'

test('an index beyond the ends gives 0, and an unknown key the default', () => {
  expect([at([4, 5], 1), at([4, 5], 2), at([], -1)]).toEqual([5, 0, 0])
  expect([numberAt(Float64Array.of(4, 5), 1), numberAt(Float64Array.of(4), 1)]).toEqual([5, 0])
  const known = new Map([['a', 1]])
  expect([lookUp(known, 'a', 9), lookUp(known, 'b', 9)]).toEqual([1, 9])
})
