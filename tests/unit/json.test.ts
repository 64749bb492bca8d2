import fc from 'fast-check'
import { expect, test } from 'vitest'
import { parseJson, placesIn, repeatedIn } from '../../src/lib/base/json.ts'

test.each([
  ['{"a":1,"a":2}', [['a']]],
  ['{"a":1,"\\u0061":1}', [['a']]],
  ['{ "a" : {} , "b":[ {"c":1, "c":[]} ], "a":null, "a":0}', [['b', 0, 'c'], ['a'], ['a']]],
  ['[[],{"":1},{"":2,"":3}]', [[2, '']]],
  ['{"__proto__":1,"__proto__":2}', [['__proto__']]],
  ['{"a":1,"b":{"a":1},"c":[{"a":1},{"a":1}],"A":1}', []],
  ['{"a.b":1,"a":{"b":2}}', []],
  ['{"a":"b","b":"a","c":"\\"a\\":1,","d":"{\\"a\\":1,\\"a\\":1}"}', []],
  ['{"a":["a","a",{}],"b":{"x":{"a":1}}}', []],
  ['"a"', []],
  ['[]', []],
])('finds the keys that occur twice in %s', (json, repeated) => expect(repeatedIn(json)).toEqual(repeated))

test('every value of any JSON is found, and no key is wrongly called repeated', () => {
  const countIn = (value: unknown): number =>
    1 +
    (value && typeof value === 'object'
      ? Object.values(value).reduce((sum, one) => sum + countIn(one), 0)
      : 0)
  fc.assert(
    fc.property(fc.jsonValue(), fc.nat(2), (value, space) => {
      const json = JSON.stringify(value, undefined, space)
      expect([...placesIn(json)]).toHaveLength(countIn(JSON.parse(json)))
      expect(repeatedIn(json)).toEqual([])
    }),
  )
})

test('a text of the largest size is checked quickly, and the answer is bounded', () => {
  const deep = '{"a":1,"a":'.repeat(1_500)
  const before = process.threadCpuUsage()
  for (const json of [
    '['.repeat(8_192) + ']'.repeat(8_192),
    `${deep}1${'}'.repeat(1_500)}`,
    `"${'a'.repeat(4_000_000)}"`,
    `"${'\\"'.repeat(100_000)}"`,
  ]) {
    expect(parseJson(json).ok).toBe(true)
    expect(repeatedIn(json).length).toBeLessThanOrEqual(20)
  }
  const { user, system } = process.threadCpuUsage(before)
  expect((user + system) / 1_000).toBeLessThan(1_000)
})

test('invalid JSON is refused with the parser’s message', () => {
  expect(parseJson('{"a":')).toEqual({ ok: false, fault: expect.stringContaining('JSON') })
  expect(parseJson('{"a":1,"a":2}')).toEqual({ ok: true, value: { a: 2 } })
})
