import { validate, version } from 'uuid'
import * as v from 'valibot'
import { describe, expect, test } from 'vitest'
import { countsOn, variationSchema } from '../../src/lib/model/variation.ts'
import { correctionOf } from '../../src/lib/tracking/correction.ts'
import { createEventIds, eventIdFrom } from '../../src/lib/tracking/event-id.ts'
import { createFlood } from '../../src/lib/tracking/flood.ts'

describe('event ids', () => {
  test('are UUIDv7, none twice, and carry their time', () => {
    const newEventId = createEventIds()
    const at = Date.UTC(2026, 10, 18, 12)
    const ids = Array.from({ length: 3000 }, (_, index) => newEventId(at + index))
    expect(new Set(ids).size).toBe(3000)
    for (const [index, id] of ids.entries()) {
      expect(validate(id) && version(id)).toBe(7)
      expect(Number.parseInt(id.replace('-', '').slice(0, 12), 16)).toBe(at + index)
    }
  })

  test.each([
    [0, 0x00, '00000000-0000-7000-8000-000000000000'],
    [0xffff_ffff_ffff, 0xff, 'ffffffff-ffff-7fff-bfff-ffffffffffff'],
    [0x0190_b5a4_7c1e, 0x12, '0190b5a4-7c1e-7121-a121-121212121212'],
  ])('of a time and ten bytes are the same each time: %i, %i', (at, byte, id) => {
    expect(eventIdFrom(at, new Uint8Array(10).fill(byte))).toBe(id)
  })

  test('differ at one time and between instances', () => {
    const instances = [createEventIds(), createEventIds()]
    const ids = instances.flatMap((newEventId) => Array.from({ length: 2000 }, () => newEventId(1_000)))
    expect(new Set(ids).size).toBe(4000)
    const isRandom = (at: number) => new Set(ids.map((id) => id[at])).size === 16
    const random = Array.from({ length: 36 }, (_, at) => at).filter(isRandom)
    expect(random).toEqual([15, 16, 17, 20, 21, 22, ...Array.from({ length: 12 }, (_, at) => 24 + at)])
    for (const variant of '89ab') {
      const share = ids.filter((id) => id[19] === variant).length / ids.length
      expect(share).toBeGreaterThan(0.2)
      expect(share).toBeLessThan(0.3)
    }
  })
})

describe('a variation', () => {
  const known = { variation_id: 42, offer_id: 4, link_slug: 'desk', former_slugs: ['bureau'] }

  test('counts on the slug of its offer, on those it once had, and on any if it has none', () => {
    const on = (changes: object, slug: string) => countsOn({ ...known, ...changes }, slug)
    expect(['desk', 'bureau', 'course'].map((slug) => on({}, slug))).toEqual([true, true, false])
    expect(['desk', 'bureau', 'course'].map((slug) => on({ link_slug: null }, slug))).toEqual([
      true,
      true,
      true,
    ])
    expect(['desk', 'bureau'].map((slug) => on({ former_slugs: [] }, slug))).toEqual([true, false])
  })

  test('of an earlier version’s snapshot has no former slugs', () => {
    const { former_slugs: _, ...earlier } = known
    expect(v.parse(variationSchema, earlier)).toEqual({ ...known, former_slugs: [] })
    expect(v.parse(variationSchema, known)).toEqual(known)
    for (const bad of [
      {},
      { ...known, offer_id: '4' },
      { ...known, link_slug: 4 },
      { ...known, former_slugs: [4] },
    ])
      expect(v.is(variationSchema, bad)).toBe(false)
  })
})

describe('a flood', () => {
  test('is more than the allowed clicks of one address within a minute', () => {
    const flooding = createFlood(2)
    const began = 1_000_000
    expect(['a', 'a', 'a', 'a'].map((address) => flooding(address, began))).toEqual([
      false,
      false,
      true,
      true,
    ])
    expect(['b', 'b'].map((address) => flooding(address, began))).toEqual([false, false])
    expect(flooding('a', began + 59_999)).toBe(true)
    expect(['a', 'a', 'a'].map((address) => flooding(address, began + 60_000))).toEqual([false, false, true])
  })

  test('ends as well when the clock is set back', () => {
    const flooding = createFlood(1)
    expect([flooding('a', 1_000_000), flooding('a', 1_000_000)]).toEqual([false, true])
    expect(flooding('a', 940_000)).toBe(false)
  })
})

test('a correction is a report of the send at its own time, under an id that no caller chose', () => {
  const known = { eventId: 'an-id', sentAt: Date.UTC(2026, 10, 18, 6), recipients: 900 }
  expect(correctionOf('daily', { offer_id: 4, variation_id: 42 }, known)).toEqual({
    kind: 'impression',
    event_id: 'an-id',
    caller_key: false,
    at: Date.UTC(2026, 10, 18, 6),
    offer_id: 4,
    variation_id: 42,
    newsletter_send_id: 'daily',
    newsletter: null,
    recipients: 900,
  })
})
