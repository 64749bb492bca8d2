import { expect, test } from 'vitest'
import { warnRarely } from '../../src/lib/base/warn-rarely.ts'

test('warns of each cause at once, and again after a minute, however they alternate', () => {
  const warned: string[] = []
  let now = 0
  const warn = warnRarely(
    (cause) => warned.push(`${now / 1_000} ${cause}`),
    () => now,
  )
  for (; now < 130_000; now += 500) warn(now % 1_000 === 0 || now < 10_000 ? 'refused' : 'unknown host')
  expect(warned).toEqual(['0 refused', '10.5 unknown host', '60 refused', '70.5 unknown host', '120 refused'])
})

test('reads a clock that never jumps', () => {
  const warned: string[] = []
  const warn = warnRarely((cause) => warned.push(cause))
  warn('refused')
  warn('refused')
  expect(warned).toEqual(['refused'])
})
