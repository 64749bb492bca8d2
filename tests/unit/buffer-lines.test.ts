import fc from 'fast-check'
import { expect, onTestFinished, test, vi } from 'vitest'
import { createLines } from '../../src/lib/buffer/lines.ts'

test('added text is stored as bytes, however long it is, until all is cleared', () => {
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

test('the store doubles when it is full, and is used again when it is cleared', () => {
  const asked = vi.spyOn(Buffer, 'allocUnsafeSlow')
  onTestFinished(() => asked.mockRestore())
  const lines = createLines()
  for (let round = 0; round < 2; round += 1) {
    for (let line = 0; line < 8_000; line += 1) lines.add('0123456789')
    lines.clear()
  }
  // 80,000 bytes: 8, 16, 32, 64 and 128 KiB.
  expect(asked).toHaveBeenCalledTimes(5)
  lines.add('x'.repeat(50_000))
  expect(asked).toHaveBeenLastCalledWith(262_144)
  lines.add('x'.repeat(200_000))
  expect(asked).toHaveBeenLastCalledWith(650_000)
  asked.mockClear()
  const filled = createLines()
  for (const length of [2, 2_730]) filled.add('x'.repeat(length))
  expect(asked).toHaveBeenCalledTimes(1)
  filled.add('x'.repeat(2_000))
  expect(asked).toHaveBeenLastCalledWith(16_384)
})
