import fc from 'fast-check'
import { expect, test } from 'vitest'
import { decodeRecords, encodeRecord } from '../../src/lib/buffer/record.ts'
import type { TrackingEvent } from '../../src/lib/tracking/event.ts'
import { aClick, anImpression } from '../support/events.ts'

const id = fc.integer({ min: 1, max: 2_147_483_647 })
const text = fc.option(fc.string({ unit: 'binary', maxLength: 200 }), { nil: null })
const event: fc.Arbitrary<TrackingEvent> = fc.oneof(
  fc
    .record({
      offer_id: id,
      variation_id: id,
      at: fc.integer(),
      user_agent: text,
      referrer: text,
      caller_key: fc.boolean(),
    })
    .map((changes) => aClick(changes)),
  fc
    .record({ offer_id: id, variation_id: id, newsletter_send_id: text, recipients: fc.integer({ min: 1 }) })
    .map((changes) => anImpression(changes)),
)

test('what is written is what is read, whatever characters it has', () => {
  fc.assert(
    fc.property(fc.array(event), (events) => {
      expect(decodeRecords(events.map(encodeRecord).join(''))).toEqual({ events, damaged: 0 })
    }),
  )
})

test('a torn end costs only its own line', () => {
  fc.assert(
    fc.property(fc.array(event, { minLength: 1, maxLength: 5 }), fc.nat(), (events, cut) => {
      const lines = events.map(encodeRecord)
      const whole = lines.slice(0, -1).join('')
      const last = lines.at(-1) ?? ''
      const torn = last.slice(0, cut % (last.length - 1))
      const read = decodeRecords(whole + torn)
      expect(read.events).toEqual(events.slice(0, -1))
      expect(read.damaged).toBe(torn === '' ? 0 : 1)
    }),
  )
})

test('a damaged line is skipped and told, and no event comes out that did not go in', () => {
  fc.assert(
    fc.property(
      fc.array(event, { minLength: 1, maxLength: 5 }),
      fc.nat(),
      fc.integer({ min: 1, max: 127 }),
      (events, at, flip) => {
        const bytes = Buffer.from(events.map(encodeRecord).join(''))
        const position = at % bytes.length
        bytes[position] = (bytes[position] ?? 0) ^ flip
        const read = decodeRecords(bytes.toString())
        const sent = events.map((one) => JSON.stringify(one))
        for (const one of read.events) expect(sent).toContain(JSON.stringify(one))
        expect(read.events.length).toBeGreaterThanOrEqual(events.length - 2)
      },
    ),
  )
})

test.each([
  ['not JSON', '{'],
  ['no event', '{"kind":"visit"}'],
  ['an event out of range', JSON.stringify(aClick({ variation_id: 0 }))],
])('a line whose sum holds but that is %s is damaged', async (_, json) => {
  const { crc32 } = await import('node:zlib')
  const line = `${crc32(json).toString(16).padStart(8, '0')} ${json}\n`
  expect(decodeRecords(line)).toEqual({ events: [], damaged: 1 })
})
