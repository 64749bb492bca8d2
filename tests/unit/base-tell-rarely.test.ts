import { expect, test } from 'vitest'
import { tellRarely } from '../../src/lib/base/tell-rarely.ts'

test('tells each cause at once, and again after a minute, however they alternate', () => {
  const told: string[] = []
  let now = 0
  const tell = tellRarely(
    (cause) => told.push(`${now / 1_000} ${cause}`),
    () => now,
  )
  for (; now < 130_000; now += 500) tell(now % 1_000 === 0 || now < 10_000 ? 'refused' : 'unknown host')
  expect(told).toEqual(['0 refused', '10.5 unknown host', '60 refused', '70.5 unknown host', '120 refused'])
})

test('reads a clock that never jumps', () => {
  const told: string[] = []
  const tell = tellRarely((cause) => told.push(cause))
  tell('refused')
  tell('refused')
  expect(told).toEqual(['refused'])
})
