import { afterAll, beforeAll, expect, test } from 'vitest'
import { fail, ok } from '../../src/lib/base/result.ts'
import type { Database } from '../../src/lib/database/database.ts'
import { type ReportQuery, type Section, sections } from '../../src/lib/model/report-query.ts'
import { settle } from '../../src/lib/operations/settle.ts'
import { createTurns } from '../../src/lib/pace/event-loop-turns.ts'
import { createJudge, type JudgedEvidence } from '../../src/lib/reports/judge-evidence.ts'
import { parseQuery } from '../../src/lib/reports/query.ts'
import { readReport } from '../../src/lib/reports/read-report.ts'
import { readReportParts } from '../../src/lib/store/reports.ts'
import { createTestDatabase, findDrift, insertPromos, type TestDatabase } from '../support/database.ts'
import { databaseAway } from '../support/database-away.ts'
import { aClick, aHash, anImpression } from '../support/events.ts'
import { patientDatabase } from '../support/patient-database.ts'
import { recordClicks, recordImpressions } from '../support/record.ts'

let store: TestDatabase
let database: Database
const noon = Date.UTC(2025, 9, 10, 12)

beforeAll(async () => {
  store = await createTestDatabase()
  database = patientDatabase(() => store.url, 1)
  await insertPromos(store.sql)
  await recordImpressions(store.sql, [
    anImpression({ at: noon, variation_id: 42, recipients: 60 }),
    anImpression({ at: noon, variation_id: 43, recipients: 50 }),
  ])
  const clicks = (variation_id: number, count: number, verdict: 'human' | 'machine') =>
    Array.from({ length: count }, (_, index) =>
      aClick({
        at: noon + index * 60_000,
        variation_id,
        verdict,
        reason: verdict === 'machine' ? 'prefetch' : 'none',
        ip_hash: aHash(index),
        device: 'phone',
        os: 'iOS',
      }),
    )
  await recordClicks(store.sql, [
    ...clicks(42, 6, 'human'),
    ...clicks(43, 3, 'human'),
    ...clicks(43, 7, 'machine'),
    aClick({ at: noon + 5 * 3_600_000, variation_id: 42 }),
  ])
  await settle(database, { age: 0 })
})
afterAll(async () => {
  await database?.close()
  await store?.drop()
})

const query = (changes: Partial<ReportQuery> = {}): ReportQuery => ({
  start: '2025-10-01',
  end: '2025-10-18',
  tz: 'UTC',
  counting: 'all',
  include: new Set(sections),
  format: 'json',
  ...changes,
})
const turn = createTurns()
const judge = async (): Promise<JudgedEvidence> => ({
  sends: [],
  assessment: {
    variations: new Map(),
    offers: new Map(),
    attributes: { tone: [], length_category: [], cta_text: [] },
    doubts: [],
  },
  usual_send: undefined,
})
const read = async (changes: Partial<ReportQuery> = {}) => {
  const parts = { database, judge: createJudge(() => noon + 8 * 86_400_000, turn), turn }
  const report = await readReport(parts, query(changes))
  if (!report.ok) throw new Error(JSON.stringify(report.fault))
  return report.value
}

test('all clicks rank as in the specification, human ones as editors need it', async () => {
  const all = await read()
  expect(all.variations?.map(({ variation_id, ctr }) => [variation_id, ctr]).slice(0, 2)).toEqual([
    [43, 20],
    [42, 11.67],
  ])
  expect(all.offers[0]).toMatchObject({
    offer_id: 4,
    best_variation_id: 43,
    clicks: 17,
    human_clicks: 10,
    machine_clicks: 7,
  })
  const human = await read({ counting: 'human' })
  expect(
    human.variations?.map(({ variation_id, human_ctr }) => [variation_id, human_ctr]).slice(0, 2),
  ).toEqual([
    [42, 11.67],
    [43, 6],
  ])
  expect(human.offers[0]?.best_variation_id).toBe(42)
  expect(human.offers.map(({ offer_id }) => offer_id)).toEqual([4, 5, 6])
})

test('every section is there, with the days before to compare with', async () => {
  const report = await read()
  expect(report.summary).toMatchObject({
    total_impressions: 110,
    total_clicks: 17,
    overall_ctr: 15.45,
    unique_clicks: 9,
  })
  expect(report.summary.date_range).toEqual({ start: '2025-10-01', end: '2025-10-18', days: 17 })
  expect(report.previous).toMatchObject({
    total_impressions: 0,
    overall_ctr: null,
    date_range: { start: '2025-09-13', end: '2025-09-30', days: 17 },
  })
  expect(report.devices?.os).toEqual([
    { value: 'iOS', clicks: 16, human_clicks: 9 },
    { value: 'unknown', clicks: 1, human_clicks: 1 },
  ])
  expect(report.referrers).toEqual([{ value: 'mail.example', clicks: 10, human_clicks: 10 }])
  expect(report.reasons).toEqual([
    { value: 'none', verdict: 'human', clicks: 8, human_clicks: 8 },
    { value: 'prefetch', verdict: 'machine', clicks: 7, human_clicks: 0 },
    { value: 'soon_after_send', verdict: 'human', clicks: 2, human_clicks: 2 },
  ])
  expect(report.timeline).toHaveLength(1)
  expect(report.sparklines).toHaveLength(2)
  expect(report.heatmap?.reduce((sum, { clicks }) => sum + clicks, 0)).toBe(17)
  const sent = report.sends?.find(({ variation_id }) => variation_id === 42)
  expect(sent).toMatchObject({ recipients: 60, clicks: 7, clickers: 7, ctr: 11.67 })
  expect(sent?.by_hours.map(({ hours, clicks }) => [hours, clicks])).toEqual([
    [0, 6],
    [1, 0],
    [2, 0],
    [3, 1],
    [6, 0],
    [12, 0],
    [24, 0],
    [48, 0],
    [72, 0],
    [168, 0],
  ])
  expect(report.variations?.find(({ variation_id }) => variation_id === 42)?.statistics?.label.code).toBe(
    'not_enough_data',
  )
  expect(report.attributes?.tone.map(({ value }) => value)).toContain('exciting')
  expect(report.settled_until).toMatch(/^20/)
  expect(report.all_settled).toBe(true)
})

test('reasons are those of the offer or variation asked for, with the verdict that each led to', async () => {
  const reasons = async (changes: Partial<ReportQuery>) => (await read(changes)).reasons
  expect(await reasons({ variation_id: 43 })).toEqual([
    { value: 'prefetch', verdict: 'machine', clicks: 7, human_clicks: 0 },
    { value: 'none', verdict: 'human', clicks: 2, human_clicks: 2 },
    { value: 'soon_after_send', verdict: 'human', clicks: 1, human_clicks: 1 },
  ])
  expect(await reasons({ offer_id: 5 })).toEqual([])
  const own = await store.sql`
    insert into promo_click_breakdown (day, offer_id, variation_id, dimension, value, clicks, human_clicks,
      machine_clicks)
    values ('2025-10-10', 5, 50, 'reason', 'sample', 6, 1, 2) returning value
  `
  expect(own).toHaveLength(1)
  // Whatever led to several verdicts has a row for each.
  expect(await reasons({ offer_id: 5 })).toEqual([
    { value: 'sample', verdict: 'human', clicks: 1, human_clicks: 1 },
    { value: 'sample', verdict: 'machine', clicks: 2, human_clicks: 0 },
    { value: 'sample', verdict: 'duplicate', clicks: 3, human_clicks: 0 },
  ])
})

test('referrers are those of people, even if an earlier version has added those of machines', async () => {
  for (const day of ['2025-08-10', '2025-10-10']) {
    await store.sql`
      insert into promo_click_breakdown (day, offer_id, variation_id, dimension, value, clicks, human_clicks,
        machine_clicks)
      values (${day}, 5, 50, 'referrer', 'mixed.example', 6, 1, 3),
        (${day}, 5, 50, 'referrer', 'machines.example', 9, 0, 9)
    `
  }
  const { start: _, ...everything } = query()
  for (const asked of [everything, { ...everything, offer_id: 5 }]) {
    const report = await readReport({ database, judge, turn }, asked)
    const mixed = { value: 'mixed.example', clicks: 2, human_clicks: 2 }
    const referrers = report.ok ? report.value.referrers : []
    expect(referrers).toContainEqual(mixed)
    expect(referrers?.map(({ value }) => value)).not.toContain('machines.example')
    expect(report.ok && report.value.referrer_classes).toContainEqual(
      expect.objectContaining({ value: 'other', clicks: 'offer_id' in asked ? 2 : 12 }),
    )
  }
})

test('a range of whole months, parts of months or both counts the clicks of its days only', async () => {
  const days = [
    ['2024-12-31', 1],
    ['2025-06-30', 2],
    ['2025-07-01', 4],
    ['2025-07-31', 8],
    ['2025-08-01', 16],
    ['2025-08-31', 32],
    ['2025-09-01', 64],
  ] as const
  for (const [day, clicks] of days) {
    await store.sql`
      insert into promo_click_breakdown (day, offer_id, variation_id, dimension, value, clicks, human_clicks,
        machine_clicks)
      values (${day}, 5, 50, 'browser', 'one', ${clicks}, ${clicks}, 0)
    `
  }
  expect(await findDrift(store.sql)).not.toContainEqual(expect.objectContaining({ at: 'months' }))
  const edges = [...days.map(([day]) => day), '2025-01-01', '2025-07-02', '2025-07-30', '2025-08-30']
  for (const end of edges) {
    for (const start of [undefined, ...edges.filter((edge) => edge <= end)]) {
      const { start: _, ...rest } = query({ end, offer_id: 5 })
      const asked = start === undefined ? rest : { ...rest, start }
      const report = await readReport({ database, judge, turn }, asked)
      const clicks = days
        .filter(([day]) => day <= end && (start === undefined || day >= start))
        .reduce((sum, [, clicks]) => sum + clicks, 0)
      const expected = clicks === 0 ? [] : [{ value: 'one', clicks, human_clicks: clicks }]
      expect([start, end, report.ok && report.value.devices?.browser]).toEqual([start, end, expected])
    }
  }
})

test('only requested sections are there; all time has no period before', async () => {
  const { start, ...rest } = query({ include: new Set() })
  expect(start).toBe('2025-10-01')
  const report = await readReport({ database, judge, turn }, rest)
  expect(report).toMatchObject({
    ok: true,
    value: { summary: { date_range: { start: '2025-10-10', days: 'all' } } },
  })
  expect(report.ok && Object.keys(report.value).sort()).toEqual([
    'all_settled',
    'offers',
    'settled_until',
    'summary',
  ])
})

test('statistics are there only if requested, whatever else is assessed', async () => {
  const told = async (...include: Section[]) => {
    const { offers, variations, sends = [] } = await read({ include: new Set(include) })
    return [offers, variations]
      .map((rows) => rows?.some(({ statistics }) => statistics))
      .concat(sends.length > 0)
  }
  expect(await told()).toEqual([false, undefined, false])
  expect(await told('variations')).toEqual([false, false, false])
  expect(await told('variations', 'sends', 'attributes')).toEqual([false, false, true])
  expect(await told('variations', 'statistics')).toEqual([true, true, false])
})

test.each([
  [{ offer_id: 999 }, { offer_id: 'there is no offer 999' }],
  [{ variation_id: 999 }, { variation_id: 'there is no variation 999' }],
  [{ offer_id: 5, variation_id: 42 }, { variation_id: 'there is no variation 42 of offer 5' }],
])('%j names the offer or variation that does not exist', async (changes, details) => {
  expect(await readReport({ database, judge, turn }, query(changes))).toEqual(
    fail({ error: 'validation_error', details }),
  )
})

test('an inactive offer is shown if it is requested', async () => {
  await store.sql`update promo_offers set active = false where id = 5`
  expect((await read()).offers.map(({ offer_id }) => offer_id)).toEqual([4, 6])
  expect((await read({ offer_id: 5 })).variations).toMatchObject([{ variation_id: 50, ctr: null }])
})

test('a time zone that the database does not know is named; an outage is reported', async () => {
  expect(await readReport({ database, judge, turn }, query({ tz: 'Mars/Olympus' }))).toMatchObject(
    fail({
      error: 'validation_error',
      details: { tz: expect.stringContaining('is not known to the database') },
    }),
  )
  expect(await readReport({ database: databaseAway, judge, turn }, query())).toMatchObject(
    fail({ error: 'database_unavailable', message: expect.stringContaining('Redirects still work') }),
  )
  const empty: Database = { ...database, run: async () => ok([] as never) }
  await expect(readReport({ database: empty, judge, turn }, query())).rejects.toThrow('answers a report')
})

test('the evidence comes first and by itself, and is judged before the report is there', async () => {
  const parts = await readReportParts(store.sql, query())
  expect(parts).toEqual([
    { evidence: expect.stringMatching(/^\{"texts":\[.*\]\}$/s), report: null, padding: null },
    // As much as the server keeps back.
    { evidence: null, report: null, padding: ' '.repeat(8192) },
    { evidence: null, report: expect.objectContaining({ first_day: '2025-10-01' }), padding: null },
  ])
  const order: string[] = []
  const noted: Database = {
    ...database,
    run: (statements, deadline) => database.run(statements, deadline).finally(() => order.push('read')),
  }
  const judgeNoted = () => {
    order.push('judged')
    return judge()
  }
  expect(await readReport({ database: noted, judge: judgeNoted, turn }, query())).toMatchObject({ ok: true })
  expect(order).toEqual(['judged', 'read'])
  const broken = () => Promise.reject(new Error('cannot judge'))
  await expect(readReport({ database, judge: broken, turn }, query())).rejects.toThrow('cannot judge')
})

test('every time zone that the database names is accepted, and means the same to it as to the pages', async () => {
  const names = await store.sql<{ name: string }[]>`
    select name from pg_timezone_names where name not in ('localtime', 'posixrules') order by name
  `
  expect(names.length).toBeGreaterThan(300)
  const moments = [Date.UTC(2025, 0, 15, 12, 30), Date.UTC(2025, 6, 15, 12, 30)]
  const zones = names.map(({ name }) => {
    const parsed = parseQuery(new URLSearchParams({ tz: name }), noon)
    return parsed.ok ? parsed.value.tz : expect.fail(`${name} is refused`)
  })
  const asked = moments.flatMap((moment) => zones.map((zone) => ({ zone, moment: moment / 1000 })))
  const told = await store.sql<{ hour: string }[]>`
    select to_char(to_timestamp(moment) at time zone zone, 'YYYY-MM-DD, HH24:MI') as hour
    from json_to_recordset(${JSON.stringify(asked)}::text::json) as a (zone text, moment double precision)
  `
  const differing = asked.filter(({ zone, moment }, index) => {
    const form = new Intl.DateTimeFormat('en-CA', {
      timeZone: zone,
      dateStyle: 'short',
      timeStyle: 'short',
      hourCycle: 'h23',
    })
    return form.format(moment * 1000) !== told[index]?.hour
  })
  expect(differing).toEqual([])
})

test('hidden offers are in no total: neither in months nor in days, nor in any hour', async () => {
  const readWith = async (tz: string) => {
    const { start: _, ...everything } = query({ tz })
    const whole = await readReport({ database, judge, turn }, everything)
    if (!whole.ok) throw new Error(JSON.stringify(whole.fault))
    const reports = [whole.value, await read({ tz })]
    return reports.map(({ heatmap, devices, referrers, reasons }) => ({
      heatmap,
      devices,
      referrers,
      reasons,
    }))
  }
  const zones = ['UTC', 'Asia/Kolkata']
  const readAll = () => Promise.all(zones.map(readWith))
  const before = await readAll()
  await recordClicks(
    store.sql,
    [Date.UTC(2025, 8, 5, 3), Date.UTC(2025, 9, 5, 3)].map((at) =>
      aClick({ at, offer_id: 6, variation_id: 60, os: 'Plan 9', ip_hash: aHash(7) }),
    ),
  )
  await settle(database, { age: 0 })
  const seen = await readAll()
  for (const [zone, ranges] of seen.entries())
    for (const [range, report] of ranges.entries()) expect(report).not.toEqual(before[zone]?.[range])
  await store.sql`update promo_offers set offer_type = 'self_test' where id = 6`
  expect(await readAll()).toEqual(before)
})
