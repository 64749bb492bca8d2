import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createLines } from '../../src/lib/buffer/lines.ts'

test('what is added is there as bytes, however much it is, until all is cleared', () => {
  fc.assert(
    fc.property(fc.array(fc.string({ unit: 'grapheme', maxLength: 3_000 })), (texts) => {
      const lines = createLines()
      for (const text of texts) expect(Buffer.from(lines.add(text)).toString()).toBe(text)
      expect(lines.bytes.toString()).toBe(texts.join(''))
    }),
  )
  const lines = createLines()
  const parts = Array.from({ length: 300 }, (_, index) => `€${index}`.repeat(index))
  for (const part of parts) lines.add(part)
  expect(lines.bytes.toString()).toBe(parts.join(''))
  lines.clear()
  expect(lines.bytes.toString()).toBe('')
  lines.add('anew')
  expect(lines.bytes.toString()).toBe('anew')
})
