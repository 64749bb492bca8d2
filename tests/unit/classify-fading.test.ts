import { expect, test } from 'vitest'
import { createFading, fadingTime } from '../../src/lib/classify/fading.ts'

const value = { of: 'somebody' }

test.each([
  ['at once', [0], true],
  ['just before its generation ends', [fadingTime - 1], true],
  ['in the next generation', [fadingTime, 2 * fadingTime - 1], true],
  ['after that', [fadingTime, 2 * fadingTime], false],
  [
    'after that, when its generation had just ended',
    [fadingTime, 2 * fadingTime - 1, 3 * fadingTime - 2],
    false,
  ],
  ['when nobody came for two generations', [2 * fadingTime], false],
  ['when the clock was set back far', [-2 * fadingTime], false],
])('a value is remembered for less than a day: %s', (_, times, there) => {
  const fading = createFading<{ of: string }>(10)
  fading.set('key', value, 0)
  for (const at of times) fading.fade(at)
  expect(fading.get('key', times.at(-1) ?? 0)).toBe(there ? value : undefined)
  expect(2 * fadingTime + 3_600_000).toBeLessThan(86_400_000)
})

test('beyond the limit the first one is forgotten', () => {
  const fading = createFading<{ of: string }>(2)
  for (const key of ['a', 'b', 'c']) fading.set(key, value, 0)
  expect(['a', 'b', 'c'].map((key) => fading.get(key, 0))).toEqual([undefined, value, value])
})
