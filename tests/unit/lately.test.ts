import fc from 'fast-check'
import { expect, test } from 'vitest'
import { lately } from '../../src/lib/base/lately.ts'

test('a text that came lately is not worked on again, nor one forgotten that others make room for', () => {
  const worked: string[] = []
  const answer = lately((text) => worked.push(text), { most: 3, longest: 4 })
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

test('however many texts come, only the newest few are remembered', () => {
  let worked = 0
  const answer = lately(() => ++worked, { most: 10, longest: 20 })
  for (let round = 0; round < 2; round += 1) for (let text = 0; text < 11; text += 1) answer(String(text))
  expect(worked).toBeGreaterThanOrEqual(12)
})

test('each text has the answer that it would have by itself', () => {
  fc.assert(
    fc.property(fc.array(fc.string({ maxLength: 3 }), { maxLength: 200 }), (texts) => {
      const backwards = (text: string) => [...text].reverse().join('')
      const answer = lately(backwards, { most: 5, longest: 2 })
      expect(texts.map(answer)).toEqual(texts.map(backwards))
    }),
  )
})
