import fc from 'fast-check'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { figuresOf } from '../../src/lib/analytics/figures.ts'
import { daysBefore, daysBetween, type ReportQuery, sections } from '../../src/lib/analytics/query.ts'
import { recordClicks, recordImpressions } from '../../src/lib/store/events.ts'
import { readReportRow } from '../../src/lib/store/reports.ts'
import type { Click, Impression } from '../../src/lib/tracking/event.ts'
import { createTestDatabase, insertPromos, type TestDatabase } from '../support/database.ts'
import { aClick, anImpression } from '../support/events.ts'

let database: TestDatabase

beforeAll(async () => {
  database = await createTestDatabase()
})
afterAll(() => database.drop())

const clear = () => database.sql`truncate promo_offers, affiliate_links, promo_event_keys cascade`
afterEach(clear)

const hour = 3_600_000
/** Around the days on which Oslo (30 March 2025) and Havana (9 March 2025, at midnight) change their clocks. */
const begin = Date.UTC(2025, 2, 7)
const end = Date.UTC(2025, 3, 2)

const places = [
  { offer_id: 4, variation_id: 42 },
  { offer_id: 4, variation_id: 43 },
  { offer_id: 5, variation_id: 50 },
]
const place = fc.constantFrom(...places)
const moment = fc.integer({ min: begin, max: end })
const click = fc
  .record({
    place,
    at: moment,
    verdict: fc.constantFrom('human', 'human', 'machine', 'duplicate'),
    sign: fc.constantFrom('none', 'no_user_agent'),
  })
  .map(({ place, at, verdict, sign }) =>
    aClick({ ...place, at, verdict, reason: verdict === 'human' ? sign : 'some_rule' }),
  )
const impression = fc
  .record({ place, at: moment, recipients: fc.integer({ min: 1, max: 900 }), send: fc.option(fc.uuid()) })
  .map(({ place, at, recipients, send }) =>
    anImpression({ ...place, at, recipients, newsletter_send_id: send }),
  )

const day = fc
  .integer({ min: -3, max: 30 })
  .map((days) => new Date(begin + days * 24 * hour).toISOString().slice(0, 10))
const asked: fc.Arbitrary<ReportQuery> = fc
  .record({
    start: fc.option(day),
    end: day,
    tz: fc.constantFrom('UTC', 'Europe/Oslo', 'America/Havana', 'Asia/Kolkata', 'Pacific/Auckland'),
    offer: fc.constantFrom(undefined, undefined, 4, 5),
    variation: fc.constantFrom(undefined, undefined, 43),
    counting: fc.constantFrom('all' as const, 'human' as const),
  })
  .map(({ start, end, tz, offer, variation, counting }) => ({
    ...(start !== null && { start: [start, end].sort()[0] ?? end }),
    end,
    tz,
    counting,
    ...(offer !== undefined && { offer_id: offer }),
    ...(variation !== undefined && { variation_id: variation }),
    include: new Set(sections),
    format: 'json' as const,
  }))

type Local = { day: string; weekday: number; hour: number }

/** An hour of UTC belongs to the local day and hour in which it begins. */
function localOf(at: number, tz: string): Local {
  const parts = new Intl.DateTimeFormat('en-CA', {
    timeZone: tz,
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    hourCycle: 'h23',
  }).formatToParts(Math.floor(at / hour) * hour)
  const part = (type: string) => parts.find((one) => one.type === type)?.value ?? ''
  const day = `${part('year')}-${part('month')}-${part('day')}`
  return { day, weekday: new Date(day).getUTCDay() || 7, hour: Number(part('hour')) }
}

type Event = (Click | Impression) & Local

const sumsOf = (events: readonly Event[]) => {
  const clicks = events.filter((event) => event.kind === 'click')
  const of = (verdict: string) => clicks.filter((one) => one.verdict === verdict).length
  return {
    impressions: events.reduce((sum, event) => sum + (event.kind === 'impression' ? event.recipients : 0), 0),
    clicks: clicks.length,
    human_clicks: of('human'),
    machine_clicks: of('machine'),
    duplicate_clicks: of('duplicate'),
    uncertain_clicks: clicks.filter((one) => one.verdict === 'human' && one.reason !== 'none').length,
    unique_clicks: 0,
  }
}

const groups = <Key>(events: readonly Event[], key: (event: Event) => Key) => [
  ...Map.groupBy(events, (event) => JSON.stringify(key(event))).values(),
]

function recount(events: readonly Event[], query: ReportQuery) {
  const filtered = events.filter(
    (event) =>
      (query.offer_id === undefined || event.offer_id === query.offer_id) &&
      (query.variation_id === undefined || event.variation_id === query.variation_id),
  )
  const until = filtered.filter((event) => event.day <= query.end)
  const start = query.start ?? until.map((event) => event.day).sort()[0] ?? query.end
  const inside = until.filter((event) => event.day >= start)
  const length = daysBetween(start, query.end)
  const before = filtered.filter((event) => event.day < start && event.day >= daysBefore(start, length + 1))
  const step = Math.max(1, Math.floor((length + 26) / 26))
  const bucket = (event: Event) => daysBefore(start, -Math.floor(daysBetween(start, event.day) / step) * step)
  return {
    first_day: start,
    summary: sumsOf(inside),
    previous: query.start === undefined ? null : sumsOf(before),
    by_offer: new Map(groups(inside, (e) => e.offer_id).map((own) => [own[0]?.offer_id, sumsOf(own)])),
    by_variation: new Map(
      groups(inside, (e) => e.variation_id).map((own) => [own[0]?.variation_id, sumsOf(own)]),
    ),
    timeline: groups(inside, (e) => e.day)
      .map((own) => ({ date: own[0]?.day ?? '', ...sumsOf(own) }))
      .sort((a, b) => b.date.localeCompare(a.date)),
    sparklines: groups(inside, (e) => [e.variation_id, bucket(e)])
      .flatMap((own) => {
        const [first] = own
        const { impressions, clicks, human_clicks } = sumsOf(own)
        return first
          ? [{ date: bucket(first), variation_id: first.variation_id, impressions, clicks, human_clicks }]
          : []
      })
      .sort((a, b) => a.variation_id - b.variation_id || a.date.localeCompare(b.date)),
    heatmap: groups(
      inside.filter((event) => event.kind === 'click'),
      (e) => [e.weekday, e.hour],
    )
      .flatMap((own) => {
        const [first] = own
        const { clicks, human_clicks } = sumsOf(own)
        return first ? [{ weekday: first.weekday, hour: first.hour, clicks, human_clicks }] : []
      })
      .sort((a, b) => a.weekday - b.weekday || a.hour - b.hour),
  }
}

const nothing = sumsOf([])

test('every figure equals a naive recount, over all filters, time zones and changes of clocks', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(click, { maxLength: 40 }),
      fc.array(impression, { maxLength: 15 }),
      fc.array(asked, { minLength: 4, maxLength: 4 }),
      async (clicks, impressions, queries) => {
        await clear()
        await insertPromos(database.sql)
        await recordClicks(database.sql, clicks)
        await recordImpressions(database.sql, impressions)
        for (const query of queries) {
          const events = [...clicks, ...impressions].map((event) => ({
            ...event,
            ...localOf(event.at, query.tz),
          }))
          const expected = recount(events, query)
          const [row] = await readReportRow(database.sql, query)
          if (!row) throw new Error('no row')
          const { first_day, summary, previous, timeline, sparklines, heatmap } = row
          const { by_offer, by_variation, ...rest } = expected
          expect({ first_day, summary, previous, timeline, sparklines, heatmap }).toEqual(rest)
          for (const { offer_id, offer_name, offer_type, active, ...sums } of row.offers)
            expect(sums).toEqual(by_offer.get(offer_id) ?? nothing)
          for (const {
            variation_id,
            offer_id,
            text_content,
            cta_text,
            tone,
            length_category,
            approved,
            ...sums
          } of row.variations)
            expect(sums).toEqual(by_variation.get(variation_id) ?? nothing)
          expect(row.offers.map((offer) => offer.offer_id)).toEqual(
            expect.arrayContaining([...by_offer.keys()]),
          )
          expect(row.variations.map((one) => one.variation_id)).toEqual(
            expect.arrayContaining([...by_variation.keys()]),
          )
          expect(figuresOf(row.summary).ctr === null).toBe(row.summary.impressions === 0)
        }
      },
    ),
    { numRuns: 60 },
  )
})
