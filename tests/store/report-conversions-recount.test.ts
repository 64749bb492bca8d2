import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Database } from '../../src/lib/database/database.ts'
import { type ReportQuery, sections } from '../../src/lib/model/report-query.ts'
import { purge } from '../../src/lib/operations/purge.ts'
import { createTurns } from '../../src/lib/pace/event-loop-turns.ts'
import { createJudge } from '../../src/lib/reports/judge-evidence.ts'
import { readReport } from '../../src/lib/reports/read-report.ts'
import { attributeConversions } from '../../src/lib/store/conversions.ts'
import { chance } from '../crash/seeded-random.ts'
import { createTestDatabase, insertPromos, type TestDatabase } from '../support/database.ts'
import { aClick, aConversion, anImpression, ofClick } from '../support/events.ts'
import { patientDatabase } from '../support/patient-database.ts'
import { recordClicks, recordConversions, recordImpressions } from '../support/record.ts'

const noon = Date.UTC(2026, 10, 10, 12)
const day = 86_400_000
let store: TestDatabase
let database: Database

beforeAll(async () => {
  store = await createTestDatabase()
  database = patientDatabase(() => store.url, 1)
  await insertPromos(store.sql)
})
afterAll(async () => {
  await database?.close()
  await store?.drop()
})

const judge = createJudge(() => noon + 5 * day, createTurns())
const read = async (changes: Partial<ReportQuery> = {}) => {
  const query: ReportQuery = {
    ...{ end: '2026-11-18', tz: 'UTC', counting: 'human', format: 'json', include: new Set(sections) },
    ...changes,
  }
  const report = await readReport({ database, judge, turn: createTurns() }, query)
  if (!report.ok) throw new Error(JSON.stringify(report.fault))
  return report.value.conversions ?? []
}

type Sum = { conversions: number; pending: number; rejected: number; cents: number; pendingCents: number }

/** The sums of the rows of a report. */
const shown = async () =>
  Object.fromEntries(
    (await read()).map((row) => [
      [row.of, row.offer_id, row.variation_id, row.newsletter, row.newsletter_send_id, row.currency].join(),
      {
        ...{ conversions: row.conversions, pending: row.pending, rejected: row.rejected },
        ...{
          cents: Math.round(Number(row.revenue) * 100),
          pendingCents: Math.round(Number(row.pending_revenue) * 100),
        },
      },
    ]),
  )

/** The same from the conversions one by one. */
async function recount() {
  const rows = await store.sql<
    {
      offer_id: number | null
      variation_id: number | null
      newsletter: string
      currency: string
      status: string
      cents: number
      send: string | null
    }[]
  >`
    select c.offer_id, c.variation_id, c.newsletter, c.currency, c.status, (c.amount * 100)::integer as cents,
      i.newsletter_send_id as send
    from promo_conversions c
    left join promo_impression_tracking i on i.id = c.impression_id
    where c.counted_on is not null
  `
  const sums: Record<string, Sum> = {}
  for (const { offer_id, variation_id, newsletter, currency, status, cents, send } of rows) {
    const counts = Number(status !== 'rejected')
    const waits = Number(status === 'pending')
    const keys: unknown[][] =
      variation_id === null
        ? [['unattributed']]
        : [
            ['all'],
            ['newsletter', undefined, undefined, newsletter],
            ['offer', offer_id],
            ['text', offer_id, variation_id],
            ...(send === null ? [] : [['send', offer_id, variation_id, newsletter, send]]),
          ]
    for (const parts of keys) {
      const key = [...Array.from({ length: 5 }, (_, place) => parts[place]), currency].join()
      sums[key] ??= { conversions: 0, pending: 0, rejected: 0, cents: 0, pendingCents: 0 }
      sums[key].conversions += counts
      sums[key].pending += waits
      sums[key].rejected += 1 - counts
      sums[key].cents += counts * cents
      sums[key].pendingCents += waits * cents
    }
  }
  return sums
}

test('at every moment they are what conversions add up to one by one, also once these are deleted', async () => {
  await recordImpressions(store.sql, [
    anImpression({ at: noon, newsletter_send_id: 'a', newsletter: 'ai', recipients: 2_000 }),
    anImpression({ at: noon, newsletter_send_id: 'b', variation_id: 50, offer_id: 5, recipients: 500 }),
    anImpression({ at: noon + day, newsletter_send_id: 'c', newsletter: 'ai', recipients: 90 }),
  ])
  const random = chance(15)
  const below = (end: number) => Math.floor(random() * end)
  const places = [
    {},
    { variation_id: 43 },
    { offer_id: 5, variation_id: 50 },
    { offer_id: 6, variation_id: 60 },
  ]
  const clicks = Array.from({ length: 40 }, () =>
    aClick({ at: noon + below(40) * 3_600_000, ...places[below(4)] }),
  )
  await recordClicks(store.sql, clicks.slice(0, 20))
  const attribute = (patience: number) => attributeConversions(store.sql, { patience, limit: 1_000 })
  for (let step = 0; step < 12; step += 1) {
    await recordConversions(
      store.sql,
      Array.from({ length: 6 }, () => {
        // Often one that has been reported before: its status, amount or currency changes.
        const which = below(50)
        const click = clicks[which]
        return aConversion({
          external_id: `order-${which}`,
          status: (['pending', 'approved', 'rejected'] as const)[below(3)] ?? 'approved',
          amount: String(below(5_000) / 100),
          currency: ['EUR', 'USD', 'JPY'][below(3)] ?? 'EUR',
          ...(click ? ofClick(click) : { variation_id: 42, newsletter_send_id: which % 2 ? 'a' : null }),
        })
      }),
    )
    if (step === 5) await recordClicks(store.sql, clicks.slice(20, 30))
    // The clicks of the last ten never come.
    await store.sql`update promo_conversions set look_at = now() where counted_on is null`
    await attribute(step < 9 ? 86_400 : -1)
    expect(await shown(), `step ${step}`).toEqual(await recount())
  }
  const all = await read()
  expect(new Set(all.map(({ of }) => of))).toHaveLength(6)
  for (const conversions_of of [['all', 'offer', 'unattributed'], ['send'], ['all', 'text', 'send']] as const)
    expect(await read({ conversions_of })).toEqual(
      all.filter(({ of }) => conversions_of.some((wanted) => wanted === of)),
    )
  const last = await shown()
  const retention = { PROMO_RETAIN_DETAILS_DAYS: 30, PROMO_RETAIN_EVENTS_MONTHS: 13 }
  expect(await purge(database, noon + 700 * day, retention)).toMatchObject({ ok: true })
  expect(await recount()).toEqual({})
  expect(await shown()).toEqual(last)
})
