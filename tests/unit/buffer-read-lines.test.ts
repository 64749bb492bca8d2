import { crc32 } from 'node:zlib'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { decodeLines, readLines } from '../../src/lib/buffer/read-lines.ts'
import {
  countRecords,
  encodeRecord,
  holdsEvent,
  holdsKind,
  jsonArrayOf,
} from '../../src/lib/buffer/record.ts'
import type { TrackingEvent } from '../../src/lib/model/event.ts'
import { aClick, anImpression } from '../support/events.ts'

/** One range of each class of code points that some part on the way could treat in its own way. */
const classes: [name: string, from: number, to: number][] = [
  ['NUL', 0, 0],
  ['control characters', 1, 0x1f],
  ['line breaks', 0x0a, 0x0d],
  ['ASCII', 0x20, 0x7e],
  ['quotes', 0x22, 0x22],
  ['backslashes', 0x5c, 0x5c],
  ['DEL and C1 with NEL', 0x7f, 0x9f],
  ['Latin-1', 0xa0, 0xff],
  ['combining', 0x300, 0x36f],
  ['right to left', 0x5d0, 0x64a],
  ['zero width and direction', 0x200b, 0x200f],
  ['line and paragraph separators', 0x2028, 0x2029],
  ['leading surrogates', 0xd800, 0xdbff],
  ['trailing surrogates', 0xdc00, 0xdfff],
  ['private use', 0xe000, 0xf8ff],
  ['byte order mark', 0xfeff, 0xfeff],
  ['specials and noncharacters', 0xfff0, 0xffff],
  ['emoji', 0x1f300, 0x1f6ff],
  ['tags', 0xe0000, 0xe007f],
  ['end of Unicode', 0x10fff0, 0x10ffff],
]
const characterOf = (from: number, to: number) =>
  fc.integer({ min: from, max: to }).map((code) => String.fromCodePoint(code))
const anyCharacter = fc.oneof(...classes.map(([, from, to]) => characterOf(from, to)))
const textOf = (unit: fc.Arbitrary<string>) =>
  fc.array(unit, { minLength: 1, maxLength: 30 }).map((characters) => characters.join(''))

const id = fc.integer({ min: 1, max: 2_147_483_647 })

const eventWith = (filled: fc.Arbitrary<string>): fc.Arbitrary<TrackingEvent> => {
  const text = fc.option(filled, { nil: null })
  const occurrence = { offer_id: id, variation_id: id, at: fc.integer(), caller_key: fc.boolean() }
  return fc.oneof(
    fc
      .record({
        ...occurrence,
        offer_id: fc.option(id),
        slug: text,
        user_agent: text,
        referrer: text,
        ip_hash: text,
        reason: filled,
        device: text,
        browser: text,
        os: text,
      })
      .map((changes) => aClick(changes)),
    fc
      .record({ ...occurrence, newsletter_send_id: text, recipients: fc.integer({ min: 1 }) })
      .map((changes) => anImpression(changes)),
  )
}

const line = fc.array(eventWith(textOf(anyCharacter)), { minLength: 1, maxLength: 4 })

const fileOf = (groups: readonly TrackingEvent[][]) => Buffer.from(groups.map(encodeRecord).join(''))

test.each(classes)('lines are read back as written, with %s in every text', (_, from, to) => {
  const groups = fc.array(fc.array(eventWith(textOf(characterOf(from, to))), { minLength: 1, maxLength: 3 }))
  fc.assert(
    fc.property(groups, (groups) => {
      const file = fileOf(groups)
      const events = groups.flat()
      expect(decodeLines(file)).toEqual({ events, damaged: [] })
      expect(readLines(file)).toEqual({ lines: file, count: events.length, damaged: [] })
    }),
    { numRuns: 30 },
  )
})

test('a journal is one JSON array for the database, whatever characters it has', () => {
  fc.assert(
    fc.property(fc.array(line), (groups) => {
      const file = fileOf(groups)
      expect(countRecords(String(file))).toBe(groups.flat().length)
      const array: unknown[] = JSON.parse(jsonArrayOf(file))
      const isEvent = (one: unknown) => typeof one === 'object' && one !== null && 'kind' in one
      expect(array.filter(isEvent)).toEqual(JSON.parse(JSON.stringify(groups.flat())))
    }),
  )
})

test('lines show event ids and kinds, whatever a visitor sends', () => {
  const click = aClick({
    user_agent: '"event_id":"0190b5a4-7c1e-7cc3-9a55-0123456789ab","kind":"impression"',
  })
  const lines = Buffer.from(encodeRecord([aClick(), click]))
  expect(holdsEvent(lines, click.event_id)).toBe(true)
  expect(holdsEvent(lines, '0190b5a4-7c1e-7cc3-9a55-0123456789ab')).toBe(false)
  expect([holdsKind(lines, 'click'), holdsKind(lines, 'impression')]).toEqual([true, false])
  expect(holdsKind(Buffer.from(encodeRecord([anImpression()])), 'impression')).toBe(true)
})

test('a click of an earlier version, without slug and sign, keeps its meaning', () => {
  const { slug: _, sign: __, ...earlier } = aClick()
  const json = JSON.stringify([earlier])
  const line = `{"crc":"${crc32(json).toString(16).padStart(8, '0')}"},${json.slice(1, -1)},\n`
  expect(decodeLines(Buffer.from(line))).toEqual({
    events: [{ ...earlier, slug: null, sign: null }],
    damaged: [],
  })
})

test('a visitor cannot forge the beginning of a line', () => {
  const clicks = [aClick({ user_agent: '{"crc":"00000000"},{"kind":"click"},\n' }), aClick()]
  const file = Buffer.concat([Buffer.from('torn'), fileOf([clicks])])
  expect(decodeLines(file)).toEqual({ events: clicks, damaged: [Buffer.from('torn')] })
})

/** What befalls a journal, at a place that is a share of its length. */
type Damage = { kind: 'flip' | 'cut' | 'insert'; at: number; length: number; bytes: Uint8Array }

const garbage = fc.oneof(
  fc.uint8Array({ minLength: 1, maxLength: 60 }),
  fc
    .constantFrom('\n', '},', '{"crc":"', '{"crc":"0123abcd"},{"kind":"click"},', '"},\n{"crc":"')
    .map((text) => Buffer.from(text)),
)
const damage: fc.Arbitrary<Damage> = fc.record({
  kind: fc.constantFrom('flip', 'cut', 'insert'),
  at: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
  length: fc.integer({ min: 1, max: 400 }),
  bytes: garbage,
})

/** The damaged file, and which of the original's ranges it has whole. */
function spoil(file: Buffer, damages: readonly Damage[]) {
  const pieces: Uint8Array[] = []
  const hurt: { from: number; to: number }[] = []
  let from = 0
  for (const { kind, at, length, bytes } of damages.toSorted((one, other) => one.at - other.at)) {
    const place = Math.max(from, Math.floor(at * file.length))
    pieces.push(file.subarray(from, place))
    const to = Math.min(file.length, kind === 'insert' ? place : place + (kind === 'flip' ? 1 : length))
    if (kind === 'insert') pieces.push(bytes)
    if (kind === 'flip')
      pieces.push(file.subarray(place, to).map((byte) => byte ^ (1 + ((bytes[0] ?? 0) % 255))))
    hurt.push({ from: place, to })
    from = to
  }
  pieces.push(file.subarray(from))
  const isWhole = (start: number, end: number) =>
    hurt.every((one) => one.to <= start || one.from >= end || (one.from === one.to && one.from <= start))
  return { spoiled: Buffer.concat(pieces), isWhole }
}

test('every intact line of a damaged journal is read, and the rest is kept byte for byte', () => {
  fc.assert(
    fc.property(
      fc.array(line, { minLength: 1, maxLength: 6 }),
      fc.array(damage, { minLength: 1, maxLength: 5 }),
      (groups, damages) => {
        const { spoiled, isWhole } = spoil(fileOf(groups), damages)
        let start = 0
        const whole = groups.filter((group) => {
          const length = Buffer.byteLength(encodeRecord(group))
          start += length
          return isWhole(start - length, start - 1)
        })
        const { lines, count, damaged } = readLines(spoiled)
        const { events } = decodeLines(lines)
        expect(() => JSON.parse(jsonArrayOf(lines))).not.toThrow()
        expect(events).toHaveLength(count)
        expect(events).toEqual(expect.arrayContaining(whole.flat()))
        const sent = groups.flat().map((one) => JSON.stringify(one))
        for (const one of events) expect(sent).toContain(JSON.stringify(one))
        const breaks = (bytes: Buffer) => bytes.filter((byte) => byte === 0x0a).length
        const kept = [...damaged, lines].reduce((sum, bytes) => sum + bytes.length, 0) - breaks(lines)
        expect(kept).toBe(spoiled.length - breaks(spoiled))
        for (const bytes of damaged) expect(spoiled.includes(bytes)).toBe(true)
        expect(decodeLines(spoiled)).toEqual({ events, damaged })
      },
    ),
    { numRuns: 300 },
  )
})

test('a torn end costs only its own line', () => {
  fc.assert(
    fc.property(fc.array(line, { minLength: 1, maxLength: 5 }), fc.nat(), (groups, cut) => {
      const lines = groups.map((group) => fileOf([group]))
      const last = lines.pop() ?? Buffer.alloc(0)
      const torn = last.subarray(0, cut % (last.length - 1))
      const read = decodeLines(Buffer.concat([...lines, torn]))
      expect(read.events).toEqual(groups.slice(0, -1).flat())
      expect(read.damaged).toEqual(torn.length === 0 ? [] : [torn])
    }),
  )
})

const sumOf = (json: string): string => crc32(json).toString(16).padStart(8, '0')

test('lines of earlier versions, each of one event, are read as well', () => {
  const events = [aClick({ user_agent: 'a\u2028b' }), anImpression()]
  const lines = events.map((one) => JSON.stringify(one)).map((json) => `${sumOf(json)} ${json}\n`)
  expect(decodeLines(Buffer.from(lines.join('')))).toEqual({ events, damaged: [] })
  const [former = '', latter = ''] = lines
  const spoiled = latter.replace('daily', 'dailx').trimEnd()
  expect(decodeLines(Buffer.from(former + spoiled))).toEqual({
    events: events.slice(0, 1),
    damaged: [Buffer.from(spoiled)],
  })
})

test('lines for the database are those with valid checksums, and converted ones of earlier versions', () => {
  const [click, impression] = [aClick({ user_agent: 'Zoë 🚀 "quoted"' }), anImpression()]
  const line = encodeRecord([click, impression])
  const json = JSON.stringify(click)
  const damaged = ['damaged', line.replace('quoted', 'quoter').trimEnd(), line.slice(0, 90)]
  const read = readLines(Buffer.from(`${line}damaged\n${sumOf(json)} ${json}\n${damaged[1]}\n${damaged[2]}`))
  expect(String(read.lines)).toBe(line + encodeRecord([click]))
  expect(read).toMatchObject({ count: 3, damaged: damaged.map((text) => Buffer.from(text)) })
  expect(readLines(Buffer.alloc(0))).toEqual({ lines: Buffer.alloc(0), count: 0, damaged: [] })
})

const lineOf = (json: string) => `{"crc":"${sumOf(`[${json}]`)}"},${json},`

test.each([
  ['not JSON', '{"kind":}'],
  ['no event', '{"kind":"visit"}'],
  ['an event out of range', JSON.stringify(aClick({ variation_id: 0 }))],
])('a line with a valid checksum that is %s is damaged', (_, json) => {
  const file = Buffer.from(`${lineOf(json)}\n${sumOf(json)} ${json}\n`)
  expect(decodeLines(file)).toEqual({ events: [], damaged: Array(2).fill(Buffer.from(lineOf(json))) })
})

test('a line with a valid checksum but no kind of event is kept, and has no events', () => {
  const line = Buffer.from(lineOf('{"visit":1}'))
  expect(readLines(Buffer.from(`${line}\n`))).toEqual({ lines: Buffer.alloc(0), count: 0, damaged: [line] })
})

test('a line with a damaged beginning is not for the database, whatever its checksum', () => {
  const line = Buffer.from(encodeRecord([aClick()]).trimEnd())
  for (let place = 0; place < '{"crc":"01234567"},'.length; place += 1) {
    const damaged = Buffer.from(line)
    damaged[place] = 0x78
    expect([place, readLines(damaged)]).toEqual([
      place,
      { lines: Buffer.alloc(0), count: 0, damaged: [damaged] },
    ])
  }
})

test('a line with a valid checksum and known kinds goes to the database unparsed', () => {
  const line = lineOf('{"kind":"click"},{"kind": "click"},{"kind":"conversion","x":"\\"kind\\":\\"visit"}')
  const file = Buffer.from(`${line}\n`)
  expect(readLines(file)).toEqual({ lines: file, count: 2, damaged: [] })
})

test.each(['x', ' ', '0'])('a line of an earlier version with %j at an end is damaged', (text) => {
  const json = JSON.stringify(aClick())
  const line = `${sumOf(json)} ${json}`
  for (const damaged of [`${text}${line}`, `${line}${text}`])
    expect(readLines(Buffer.from(damaged))).toMatchObject({ count: 0, damaged: [Buffer.from(damaged)] })
})

test('a kind of event from a later version is kept for it, and affects no other', () => {
  const json = '{"kind":"visit"}'
  const [one, other] = [aClick(), anImpression()]
  const items = [JSON.stringify(one), json, JSON.stringify(other)]
  const read = readLines(Buffer.from(`${lineOf(items.join())}\n${lineOf(json)}\n`))
  expect(String(read.lines)).toBe(encodeRecord([one, other]))
  expect(read).toMatchObject({ count: 2, damaged: Array(2).fill(Buffer.from(lineOf(json))) })
})
