import { crc32 } from 'node:zlib'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  countRecords,
  decodeRecords,
  encodeRecord,
  holdsEvent,
  holdsKind,
  jsonArrayOf,
  readLines,
} from '../../src/lib/buffer/record.ts'
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

const line = fc.array(event, { minLength: 1, maxLength: 4 })

test('what is written is what is read, whatever characters it has, and is one JSON array', () => {
  fc.assert(
    fc.property(fc.array(line), (groups) => {
      const text = groups.map(encodeRecord).join('')
      expect(decodeRecords(text)).toEqual({ events: groups.flat(), damaged: 0 })
      expect(countRecords(text)).toBe(groups.flat().length)
      const array: unknown[] = JSON.parse(jsonArrayOf(Buffer.from(text)))
      const isEvent = (one: unknown) => typeof one === 'object' && one !== null && 'kind' in one
      expect(array.filter(isEvent)).toEqual(JSON.parse(JSON.stringify(groups.flat())))
    }),
  )
})

test('lines tell whose they are and of what kind, whatever a visitor sends', () => {
  const click = aClick({
    user_agent: '"event_id":"0190b5a4-7c1e-7cc3-9a55-0123456789ab","kind":"impression"',
  })
  const lines = Buffer.from(encodeRecord([aClick(), click]))
  expect(holdsEvent(lines, click.event_id)).toBe(true)
  expect(holdsEvent(lines, '0190b5a4-7c1e-7cc3-9a55-0123456789ab')).toBe(false)
  expect([holdsKind(lines, 'click'), holdsKind(lines, 'impression')]).toEqual([true, false])
  expect(holdsKind(Buffer.from(encodeRecord([anImpression()])), 'impression')).toBe(true)
})

test('a torn end costs only its own line', () => {
  fc.assert(
    fc.property(fc.array(line, { minLength: 1, maxLength: 5 }), fc.nat(), (groups, cut) => {
      const lines = groups.map(encodeRecord)
      const whole = lines.slice(0, -1).join('')
      const last = lines.at(-1) ?? ''
      const torn = last.slice(0, cut % (last.length - 1))
      const read = decodeRecords(whole + torn)
      expect(read.events).toEqual(groups.slice(0, -1).flat())
      expect(read.damaged).toBe(torn === '' ? 0 : 1)
    }),
  )
})

test('a damaged line is skipped and told, and no event comes out that did not go in', () => {
  fc.assert(
    fc.property(
      fc.array(line, { minLength: 1, maxLength: 5 }),
      fc.nat(),
      fc.integer({ min: 1, max: 127 }),
      (groups, at, flip) => {
        const bytes = Buffer.from(groups.map(encodeRecord).join(''))
        const position = at % bytes.length
        bytes[position] = (bytes[position] ?? 0) ^ flip
        const read = decodeRecords(bytes.toString())
        const sent = groups.flat().map((one) => JSON.stringify(one))
        for (const one of read.events) expect(sent).toContain(JSON.stringify(one))
        // A line break that is damaged costs the lines on both its sides.
        const most = Math.max(...groups.map(({ length }) => length))
        expect(read.events.length).toBeGreaterThanOrEqual(groups.flat().length - 2 * most)
        expect(read.damaged).toBeGreaterThan(0)
      },
    ),
  )
})

const sumOf = (json: string): string => crc32(json).toString(16).padStart(8, '0')

test('lines of earlier versions, each of one event, are read as well', () => {
  const events = [aClick(), anImpression()]
  const lines = events.map((one) => JSON.stringify(one)).map((json) => `${sumOf(json)} ${json}\n`)
  expect(decodeRecords(lines.join(''))).toEqual({ events, damaged: 0 })
  expect(decodeRecords(lines.join('').replace('daily', 'dailx'))).toEqual({
    events: events.slice(0, 1),
    damaged: 1,
  })
})

test('lines for the database are those whose sums hold, and those of earlier versions anew', () => {
  const [click, impression] = [aClick({ user_agent: 'Zoë 🚀 "quoted"' }), anImpression()]
  const line = encodeRecord([click, impression])
  const json = JSON.stringify(click)
  const read = readLines(
    `${line}damaged\n${sumOf(json)} ${json}\n${line.replace('quoted', 'quoter')}${line.slice(0, 90)}`,
  )
  expect(String(read.lines)).toBe(line + encodeRecord([click]))
  expect(read).toMatchObject({ count: 3, damaged: 3 })
  expect(readLines('')).toEqual({ lines: Buffer.from(''), count: 0, damaged: 0 })
})

test.each([
  ['not JSON', '{"kind":}'],
  ['no event', '{"kind":"visit"}'],
  ['an event out of range', JSON.stringify(aClick({ variation_id: 0 }))],
])('a line whose sum holds but that is %s is damaged', (_, json) => {
  const lines = `{"crc":"${sumOf(`[${json}]`)}"},${json},\n${sumOf(json)} ${json}\n`
  expect(decodeRecords(lines)).toEqual({ events: [], damaged: 2 })
})

test('a kind of event that a later version may have left is not given to the database', () => {
  const json = '{"kind":"visit"}'
  expect(readLines(`{"crc":"${sumOf(`[${json}]`)}"},${json},\n`)).toMatchObject({ count: 0, damaged: 1 })
})
