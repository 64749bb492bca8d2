import fc from 'fast-check'
import { expect, test } from 'vitest'
import { memoize } from '../../src/lib/base/memoize.ts'

test('a repeated text is computed once, until it has to make room for others', () => {
  const worked: string[] = []
  const answer = memoize((text) => worked.push(text), { most: 3, longest: 4 })
  const askedFor = (...texts: string[]) => {
    worked.length = 0
    for (const text of texts) answer(text)
    return worked
  }
  expect(askedFor('a', 'b', '', 'a', '', 'b')).toEqual(['a', 'b', ''])
  expect(askedFor('four', 'four')).toEqual(['four'])
  expect(askedFor('five5', 'five5')).toEqual(['five5', 'five5'])
  expect(askedFor('four', 'a', 'four', 'a')).toEqual(['a'])
})

test('only the latest texts are remembered', () => {
  let worked = 0
  const answer = memoize(() => ++worked, { most: 10, longest: 20 })
  for (let round = 0; round < 2; round += 1) for (let text = 0; text < 11; text += 1) answer(String(text))
  expect(worked).toBeGreaterThanOrEqual(12)
})

test('each text has the same answer as without a cache', () => {
  fc.assert(
    fc.property(fc.array(fc.string({ maxLength: 3 }), { maxLength: 200 }), (texts) => {
      const backwards = (text: string) => [...text].reverse().join('')
      const answer = memoize(backwards, { most: 5, longest: 2 })
      expect(texts.map(answer)).toEqual(texts.map(backwards))
    }),
  )
})
