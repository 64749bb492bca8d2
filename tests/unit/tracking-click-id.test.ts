import fc from 'fast-check'
import { expect, test } from 'vitest'
import { clickIdOf, eventOfClickId } from '../../src/lib/tracking/click-id.ts'

test('a click id is short, and identifies its event in any case of letters', () => {
  fc.assert(
    fc.property(fc.uuid(), (eventId) => {
      const id = clickIdOf(eventId)
      expect(id).toMatch(/^[0-9a-v]{26}$/)
      expect(eventOfClickId(id)).toBe(eventId)
      expect(eventOfClickId(id.toUpperCase())).toBe(eventId)
      expect(clickIdOf(eventId.toUpperCase())).toBe(id)
    }),
  )
})

test('it is the number of the event in base 32, in groups of forty bits', () => {
  expect(clickIdOf('00000000-0100-0000-0002-0000000000ff')).toBe('0000000100000002000000007v')
  expect(clickIdOf('ffffffff-ffff-ffff-ffff-ffffffffffff')).toBe(`${'v'.repeat(24)}7v`)
})

test.each(['', '0', `${'v'.repeat(24)}8v`, `${'w'.repeat(24)}00`, `${'0'.repeat(27)}`, ` ${'0'.repeat(26)}`])(
  'no click id is "%s"',
  (text) => expect(eventOfClickId(text)).toBeUndefined(),
)
