import fc from 'fast-check'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { daysBefore, daysBetween } from '../../src/lib/base/days.ts'
import { sparklineDates } from '../../src/lib/charts/sparkline.ts'
import type { Database } from '../../src/lib/database/database.ts'
import type { Sql } from '../../src/lib/database/sql.ts'
import type { Doubt } from '../../src/lib/model/doubt.ts'
import { type ReportQuery, sections } from '../../src/lib/model/report-query.ts'
import type { UsualSend } from '../../src/lib/model/usual-send.ts'
import { settle } from '../../src/lib/operations/settle.ts'
import { createTurns } from '../../src/lib/pace/event-loop-turns.ts'
import { createJudge } from '../../src/lib/reports/judge-evidence.ts'
import { readReport } from '../../src/lib/reports/read-report.ts'
import { readReportParts } from '../../src/lib/store/reports.ts'
import { createTestDatabase, emptyDatabase, insertPromos, type TestDatabase } from '../support/database.ts'
import { aClick } from '../support/events.ts'
import { patientDatabase } from '../support/patient-database.ts'
import { randomClicks, randomImpressions, randomPeriod } from '../support/random-events.ts'
import { recordClicks, recordImpressions } from '../support/record.ts'
import { type RawEvents, readRawEvents, recount, recountSends } from '../support/recount.ts'

const turn = createTurns()
/** When reports are read. */
const now = Date.UTC(2025, 5, 9)
let store: TestDatabase
let database: Database

beforeAll(async () => {
  store = await createTestDatabase()
  database = patientDatabase(() => store.url, 1)
})
afterAll(async () => {
  await database?.close()
  await store?.drop()
})

const clear = () => emptyDatabase(store.sql)
afterEach(clear)

const asked: fc.Arbitrary<ReportQuery> = fc
  .record({
    period: randomPeriod,
    offer: fc.constantFrom(undefined, undefined, 4),
    variation: fc.constantFrom(undefined, undefined, 43),
    newsletter: fc.constantFrom(undefined, undefined, '', 'daily'),
  })
  .map(({ period, offer, variation, newsletter }) => ({
    ...period,
    ...(offer !== undefined && { offer_id: offer }),
    ...(variation !== undefined && { variation_id: variation }),
    ...(newsletter !== undefined && { newsletter }),
    include: new Set(sections),
    format: 'json' as const,
  }))

function rate(clicks: number, of: number): number | null {
  const exact = (clicks / of) * 100
  return of === 0
    ? null
    : exact < 0.1
      ? Number(exact.toPrecision(2))
      : Math.round((clicks * 10_000) / of) / 100
}

type Sums = ReturnType<typeof recount>['summary']
const nothing: Sums = {
  impressions: 0,
  clicks: 0,
  human_clicks: 0,
  machine_clicks: 0,
  duplicate_clicks: 0,
  uncertain_clicks: 0,
  unique_clicks: 0,
}
const figures = (sums: Sums = nothing) => ({
  ...sums,
  ctr: rate(sums.clicks, sums.impressions),
  human_ctr: rate(sums.human_clicks, sums.impressions),
})
const totals = (sums: Sums, start: string, end: string, days: number | 'all') => {
  const { impressions, clicks, ctr, ...rest } = figures(sums)
  return {
    total_impressions: impressions,
    total_clicks: clicks,
    overall_ctr: ctr,
    ...rest,
    date_range: { start, end, days },
  }
}

/** The sends so far of a text, those of one newsletter where the report is about it. */
const sendsOf = (raw: RawEvents, asked: string | undefined, text: number) =>
  recountSends(raw).filter(
    ({ variation_id, newsletter }) => variation_id === text && newsletter === (asked ?? newsletter),
  )

/** Those that nothing says should be left out. */
const countable = (raw: RawEvents, asked: string | undefined, text: number, doubts: readonly Doubt[]) =>
  sendsOf(raw, asked, text).filter(
    ({ send, recipients }) =>
      recipients > 0 &&
      !doubts.some((doubt) => doubt.variation_id === text && doubt.newsletter_send_id === send),
  )

/** What they say of it. */
function evidenceOf(raw: RawEvents, asked: string | undefined, text: number) {
  const own = sendsOf(raw, asked, text)
  const sum = (pick: (send: (typeof own)[number]) => number) =>
    own.reduce((total, send) => total + pick(send), 0)
  return {
    sends: own.length,
    recipients: sum(({ recipients }) => recipients),
    clickers: sum(({ clickers }) => clickers),
  }
}

/** What a send has on average, by all that reached somebody: there are fewer than thirty. */
function usualOf(raw: RawEvents, asked: string | undefined): UsualSend | undefined {
  const own = recountSends(raw).filter(
    ({ newsletter, recipients }) => newsletter === (asked ?? newsletter) && recipients > 0,
  )
  if (own.length === 0) return undefined
  const sum = (sends: typeof own, pick: 'recipients' | 'clickers') =>
    sends.reduce((total, send) => total + send[pick], 0)
  const older = own.filter(({ at }) => now - at >= 3 * 86_400_000)
  const rate = Math.min(1, (sum(older, 'clickers') + 4) / (sum(older, 'recipients') + 200))
  const recipients = sum(own, 'recipients') / own.length
  return {
    texts: expect.closeTo(own.length / new Set(own.map(({ send }) => send)).size, 1),
    recipients: expect.closeTo(recipients, 1),
    clickers: expect.closeTo(Math.max(sum(own, 'clickers') / own.length, rate * recipients), 1),
  }
}

/** The rate that ranks falls, and what was never shown comes last. */
function expectRanked(rows: readonly { ctr: number | null; human_ctr: number | null }[], human: boolean) {
  const rates = rows.map((row) => (human ? row.human_ctr : row.ctr) ?? -1)
  expect(rates).toEqual(rates.toSorted((a, b) => b - a))
}

async function expectRecounted(raw: RawEvents, query: ReportQuery) {
  const read = await readReport({ database, judge: createJudge(() => now, turn), turn }, query)
  if (query.offer_id === 5 && query.variation_id === 43) return expect(read.ok).toBe(false)
  if (query.newsletter && !raw.impressions.some(({ newsletter }) => newsletter === query.newsletter))
    return expect(read).toMatchObject({ ok: false, fault: { details: { newsletter: expect.any(String) } } })
  if (!read.ok) throw new Error(JSON.stringify(read.fault))
  const {
    summary,
    previous,
    offers,
    variations = [],
    sends = [],
    attributes,
    settled_until,
    all_settled,
    people_since,
    newsletters,
    // What is doubted has no recount: `tests/unit/doubts.test.ts` has it.
    doubts = [],
    usual_send,
    ...rest
  } = read.value
  expect(usual_send).toEqual(usualOf(raw, query.newsletter))
  const expected = recount(raw, query)
  const { start, end } = query
  const length = daysBetween(expected.first_day, end)
  const people = (most: number, holds?: Parameters<typeof expected.people>[0]) =>
    Math.min(most, expected.people(holds))
  expect(summary).toEqual({
    ...totals(expected.summary, expected.first_day, end, start ? length : 'all'),
    people: people(expected.summary.human_clicks),
  })
  const [first] = raw.clicks.filter(({ verdict, ip_hash }) => verdict === 'human' && ip_hash !== null)
  const since = first && new Date(first.at).toISOString().slice(0, 10)
  expect(people_since).toBe(since && since > expected.first_day ? since : undefined)
  const lists = [...new Set(raw.impressions.map(({ newsletter }) => newsletter))].sort()
  expect(newsletters).toEqual(lists.length > 1 ? lists.map((name) => name || null) : undefined)
  expect(previous).toEqual(
    start && expected.previous
      ? {
          ...totals(expected.previous, daysBefore(start, length + 1), daysBefore(start, 1), length),
          people: Math.min(expected.people_before, expected.previous.human_clicks),
        }
      : undefined,
  )
  for (const { offer_id, offer_name, offer_type, active, best_variation_id, statistics, ...own } of offers) {
    const sums = figures(expected.by_offer.get(offer_id))
    expect(own).toEqual({
      ...sums,
      people: people(sums.human_clicks, (click) => click.offer_id === offer_id),
    })
    const rateOf = ({ ctr, human_ctr }: ReturnType<typeof figures>) =>
      query.counting === 'human' ? human_ctr : ctr
    const best = [...variations.filter((text) => text.offer_id === offer_id)].map(
      ({ variation_id }) => rateOf(figures(expected.by_variation.get(variation_id))) ?? -1,
    )
    const rateOfBest = rateOf(figures(expected.by_variation.get(best_variation_id ?? 0))) ?? -1
    expect(rateOfBest).toBe(Math.max(-1, ...best))
  }
  for (const { statistics, variation_id, ...text } of variations) {
    const sums = figures(expected.by_variation.get(variation_id))
    expect(text).toMatchObject({
      ...sums,
      people: people(sums.human_clicks, (click) => click.variation_id === variation_id),
    })
    if (statistics) expect(statistics).toMatchObject(evidenceOf(raw, query.newsletter, variation_id))
    else expect(countable(raw, query.newsletter, variation_id, doubts)).toEqual([])
  }
  expectRanked(offers, query.counting === 'human')
  expectRanked(variations, query.counting === 'human')
  expect(offers.map(({ offer_id }) => offer_id)).toEqual(
    expect.arrayContaining([...expected.by_offer.keys()]),
  )
  expect(variations.map(({ variation_id }) => variation_id)).toEqual(
    expect.arrayContaining([...expected.by_variation.keys()]),
  )
  expect(sparklineDates(summary.date_range)).toEqual(
    expect.arrayContaining((rest.sparklines ?? []).map(({ date }) => date)),
  )
  const { sparklines, heatmap, devices, referrers, referrer_classes, reasons } = expected
  const timeline = expected.timeline.map(({ date, ...sums }) => ({ date, ...figures(sums) }))
  expect(rest).toEqual({
    timeline,
    sparklines,
    heatmap,
    ...(query.newsletter === undefined
      ? { devices, referrers, referrer_classes, reasons }
      : { devices: { device: [], browser: [], os: [] }, referrers: [], referrer_classes: [], reasons: [] }),
  })
  expect(sends.map(({ offer_name, text_preview, sent_at, ...send }) => send)).toEqual(
    expected.sends.map(({ id, at, send, newsletter, ...own }) => ({
      ...own,
      newsletter: newsletter || null,
      newsletter_send_id: send,
      ctr: rate(own.clicks, own.recipients),
      human_ctr: rate(own.human_clicks, own.recipients),
    })),
  )
  for (const { value, sends, recipients, clickers } of attributes?.tone ?? []) {
    const id = value === 'exciting' ? 42 : 43
    expect({ sends, recipients, clickers }).toEqual(evidenceOf(raw, query.newsletter, id))
  }
  expect(all_settled).toBe(true)
  return expect(settled_until === null).toBe(raw.clicks.length === 0)
}

test('every figure equals a naive recount, over all filters, time zones and changes of clocks', async () => {
  await fc.assert(
    fc.asyncProperty(
      randomClicks,
      randomImpressions,
      fc.array(asked, { minLength: 4, maxLength: 4 }),
      async (clicks, impressions, queries) => {
        await clear()
        await insertPromos(store.sql)
        await recordImpressions(store.sql, impressions)
        await recordClicks(store.sql, clicks)
        await settle(database, { age: 0 })
        const raw = await readRawEvents(store.sql)
        for (const query of queries) await expectRecounted(raw, query)
      },
    ),
    { numRuns: 25 },
  )
  // One that goes on beside the next tests would change what they read.
})

test('whether all clicks are settled is known without reading them', async () => {
  await insertPromos(store.sql)
  await store.sql`
    insert into promo_click_tracking (offer_id, variation_id, clicked_at)
    select 4, 42, '2025-11-20Z'::timestamptz + n * interval '1 second' from generate_series(1, 5000) n
  `
  await store.sql`
    insert into promo_surplus_clicks (event_id, offer_id, variation_id, clicked_at, reason, clicks, settled_clicks)
    select gen_random_uuid(), 4, 42, '2025-11-20Z', 'flood', 2, 2 from generate_series(1, 1000)
  `
  await store.sql`
    update promo_settlement
    set rounds = rounds + 1, click_id = (select max(id) from promo_click_tracking), recorded_at = now()
  `
  await store.sql.unsafe('vacuum analyze promo_click_tracking, promo_surplus_clicks')
  const rowsRead = async (sql: Sql) =>
    await sql<{ rows: number }[]>`
      select coalesce(sum(seq_tup_read + coalesce(idx_tup_fetch, 0)), 0)::integer as rows
      from pg_stat_xact_user_tables where relname ~ '^promo_(click_tracking|surplus)'
    `
  const query = {
    ...{ start: '2025-11-01', end: '2025-11-30', tz: 'UTC' },
    ...{ counting: 'all' as const, include: new Set(sections), format: 'json' as const },
  }
  const read = () =>
    store.sql.begin(async (sql) => {
      const [before] = await rowsRead(sql)
      const report = (await readReportParts(sql, query)).at(-1)?.report
      const [after] = await rowsRead(sql)
      return { settled: report?.all_settled, rows: (after?.rows ?? 0) - (before?.rows ?? 0) }
    })
  const settled = await read()
  expect(settled.settled).toBe(true)
  expect(settled.rows).toBeLessThan(100)
  await store.sql`update promo_settlement set rounds = rounds + 1, click_id = click_id - 1`
  expect((await read()).settled).toBe(false)
  await store.sql`update promo_settlement set rounds = rounds + 1, click_id = click_id + 1`
  await store.sql`
    update promo_surplus_clicks set clicks = 3
    where event_id = (select event_id from promo_surplus_clicks limit 1)
  `
  expect((await read()).settled).toBe(false)
})

const hour = 3_600_000

test.each([
  // Clocks go back from one to midnight, so that midnight comes twice.
  ['America/Havana', Date.UTC(2025, 10, 2, 5)],
  ['Atlantic/Azores', Date.UTC(2025, 9, 26, 1)],
  // Its clocks go back by half an hour.
  ['Australia/Lord_Howe', Date.UTC(2025, 3, 5, 15)],
  ['America/St_Johns', Date.UTC(2025, 10, 2, 4, 30)],
  ['Asia/Kathmandu', Date.UTC(2025, 5, 2)],
])('each hour belongs to the day in which it begins when clocks change: %s', async (tz, change) => {
  await insertPromos(store.sql)
  const clicks = Array.from({ length: 64 }, (_, index) =>
    aClick({ offer_id: 4, variation_id: 42, at: change + (index - 32) * hour + 5 * 60_000 }),
  )
  await recordClicks(store.sql, clicks)
  await settle(database, { age: 0 })
  const raw = await readRawEvents(store.sql)
  const day = new Intl.DateTimeFormat('en-CA', { timeZone: tz }).format(change)
  const [before, after] = [daysBefore(day, 1), daysBefore(day, -1)]
  for (const [start, end] of [
    [day, day],
    [before, before],
    [before, after],
    [after, after],
  ] as const)
    await expectRecounted(raw, {
      start,
      end,
      tz,
      counting: 'all',
      include: new Set(sections),
      format: 'json',
    })
})
