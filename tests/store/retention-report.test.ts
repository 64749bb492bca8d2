import { afterAll, beforeAll, expect, test } from 'vitest'
import { ok } from '../../src/lib/base/result.ts'
import type { Database } from '../../src/lib/database/database.ts'
import { makeClickPartitions } from '../../src/lib/database/migrate.ts'
import { type ReportQuery, sections } from '../../src/lib/model/report-query.ts'
import { purge } from '../../src/lib/operations/purge.ts'
import { settle } from '../../src/lib/operations/settle.ts'
import { createTurns } from '../../src/lib/pace/event-loop-turns.ts'
import { createJudge } from '../../src/lib/reports/judge-evidence.ts'
import { readReport } from '../../src/lib/reports/read-report.ts'
import { createTestDatabase, findDrift, insertPromos, type TestDatabase } from '../support/database.ts'
import { aClick, aHash, anImpression } from '../support/events.ts'
import { patientDatabase } from '../support/patient-database.ts'
import { recordClicks, recordImpressions } from '../support/record.ts'

const turn = createTurns()
let store: TestDatabase
let database: Database
const day = 86_400_000
const now = Date.UTC(2026, 10, 18, 12)

const places = [
  { offer_id: 4, variation_id: 42 },
  { offer_id: 4, variation_id: 43 },
  { offer_id: 5, variation_id: 50 },
]
const judged = [
  {},
  {},
  { verdict: 'machine' as const, reason: 'prefetch' },
  { verdict: 'machine' as const, reason: 'self_declared' },
  { sign: 'no_user_agent' as const, user_agent: null },
]

beforeAll(async () => {
  store = await createTestDatabase()
  database = patientDatabase(() => store.url, 1)
  await insertPromos(store.sql)
  for (let month = 0; month < 16; month += 1) {
    await makeClickPartitions(store.sql, Date.UTC(2025, 7 + month, 1))
  }
  // A send every third day for 450 days, with clicks on it for two days, some of them repeated; one was
  // reported wrongly.
  const sends = Array.from({ length: 150 }, (_, index) =>
    anImpression({
      ...places[index % 3],
      at: now - index * 3 * day - 5 * 3_600_000,
      newsletter_send_id: `send-${index}`,
      recipients: index === 60 ? 47_000 : 400 + index,
    }),
  )
  await recordImpressions(store.sql, sends)
  const clicks = sends.flatMap(({ at, offer_id, variation_id }, send) =>
    Array.from({ length: 8 }, (_, index) => {
      const first = aClick({
        offer_id,
        variation_id,
        at: at + 10_000 + index * 5 * 3_600_000,
        ip_hash: index === 7 ? null : aHash((send + index) % 40),
        device: index % 2 === 0 ? 'phone' : 'desktop',
        browser: index % 3 === 0 ? 'Safari' : null,
        os: index % 2 === 0 ? 'iOS' : 'Windows',
        ...judged[index % judged.length],
      })
      return index === 1
        ? [first, { ...aClick(first), event_id: aClick().event_id, at: first.at + 4_000 }]
        : [first]
    }).flat(),
  )
  await recordClicks(
    store.sql,
    clicks.filter(({ at }) => at < now),
  )
  await settle(database, { age: 0 })
})
afterAll(async () => {
  await database?.close()
  await store?.drop()
})

const query = (changes: Partial<ReportQuery>): ReportQuery => ({
  end: '2026-11-18',
  tz: 'UTC',
  counting: 'human',
  include: new Set(sections),
  format: 'json',
  ...changes,
})

const queries: readonly ReportQuery[] = [
  query({}),
  query({ tz: 'America/New_York' }),
  query({ start: '2026-11-11' }),
  query({ start: '2026-08-20', tz: 'Asia/Kolkata' }),
  query({ start: '2025-08-01', end: '2025-10-15', counting: 'all' }),
  query({ start: '2025-11-18', offer_id: 4 }),
  query({ variation_id: 50 }),
]

const readAll = async () => {
  const reports = []
  for (const one of queries)
    reports.push(await readReport({ database, judge: createJudge(() => now, turn), turn }, one))
  return reports
}

test('every figure of a report is the same after a purge, over every range', async () => {
  expect(await findDrift(store.sql)).toEqual([])
  const before = await readAll()
  const [all] = before
  expect(all).toMatchObject({ ok: true })
  if (!all?.ok) return
  // There is something in every section to lose.
  expect(Object.entries(all.value).filter(([, part]) => Array.isArray(part) && part.length === 0)).toEqual([])
  const { human_clicks, machine_clicks, duplicate_clicks, uncertain_clicks } = all.value.summary
  const kinds = [human_clicks, machine_clicks, duplicate_clicks, uncertain_clicks]
  expect(kinds.every((clicks) => clicks > 100)).toBe(true)

  const retention = { PROMO_RETAIN_DETAILS_DAYS: 30, PROMO_RETAIN_EVENTS_MONTHS: 13 }
  const purged = await purge(database, now, retention)
  expect(purged).toMatchObject(
    ok({ partitions: ['promo_click_tracking_2025_08', 'promo_click_tracking_2025_09'] }),
  )
  expect(purged.ok && purged.value.details).toBeGreaterThan(500)
  expect(purged.ok && purged.value.visitors).toBeGreaterThan(100)
  expect(await readAll()).toEqual(before)

  expect(
    await purge(database, now, { PROMO_RETAIN_DETAILS_DAYS: 1, PROMO_RETAIN_EVENTS_MONTHS: 1 }),
  ).toMatchObject(ok({ partitions: expect.arrayContaining(['promo_click_tracking_2026_09']) }))
  expect(await settle(database, { age: 0 })).toEqual(ok(0))
  expect(await readAll()).toEqual(before)
})
