import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createLines } from '../../src/lib/buffer/lines.ts'

test('what is added is there as bytes, however much it is, and what is dropped is not', () => {
  fc.assert(
    fc.property(
      fc.array(fc.record({ text: fc.string({ unit: 'grapheme', maxLength: 3_000 }), drop: fc.boolean() })),
      (steps) => {
        const lines = createLines()
        let expected = ''
        for (const { text, drop } of steps) {
          const bytes = lines.add(text)
          expect(Buffer.from(bytes).toString()).toBe(text)
          if (drop) lines.drop(bytes)
          else expected += text
        }
        expect(lines.bytes.toString()).toBe(expected)
      },
    ),
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
