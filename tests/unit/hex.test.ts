import { expect, test } from 'vitest'
import { bytesOf } from '../../src/lib/base/hex.ts'

test.each([
  ['00ff', 2, [0, 255]],
  ['00FF10', 2, [0, 255, 16]],
  ['00f', 1, undefined],
  ['00f', 2, undefined],
  ['00', 2, undefined],
  ['', 0, undefined],
  ['zz00', 2, undefined],
  ['00ff\n', 2, undefined],
  [undefined, 0, undefined],
])('%j, of which %i bytes are needed', (digits, least, bytes) => {
  expect(bytesOf(digits, least)).toEqual(bytes && Buffer.from(bytes))
})
