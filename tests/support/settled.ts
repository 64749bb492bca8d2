import { expect } from 'vitest'
import type { Database } from '../../src/lib/database/database.ts'
import type { Sql } from '../../src/lib/database/sql.ts'
import { settle } from '../../src/lib/operations/settle.ts'
import { settleClicks } from '../../src/lib/store/settlement.ts'
import { waitFor } from './wait.ts'

/**
 * Settles all clicks of a running site, whatever their age; answers how many. While the site itself looks for clicks to
 * settle, there are none for others.
 */
export async function settleAll(database: Database): Promise<number> {
  let settled = 0
  await waitFor(async () => {
    const run = await settle(database, { age: 0 })
    expect(run).toMatchObject({ ok: true })
    settled += run.ok ? run.value : 0
    const left = await database.run(
      (sql) => sql`
        select from promo_click_tracking where id > (select click_id from promo_settlement)
        union all
        select from promo_surplus_clicks where settled_clicks < clicks
      `,
    )
    expect(left.ok && left.value.length).toBe(0)
  })
  return settled
}

/** Settles everything that is `age` seconds old, `settlers` at once; answers how many clicks were settled. */
export async function settleEverything(
  sql: Sql,
  { age = 0, limit = 1_000, settlers = 1, duplicateSeconds = 10, visitorsPerAddress = 5 } = {},
): Promise<number> {
  const settling = { age, limit, duplicateSeconds, visitorsPerAddress }
  for (let all = 0; ; ) {
    const runs = await Promise.all(Array.from({ length: settlers }, () => settleClicks(sql, settling)))
    const settled = runs.flat().reduce((sum, row) => sum + row.settled, 0)
    if (settled === 0) return all
    all += settled
  }
}

export const sends = (sql: Sql) => sql<
  { send: string; hours: number; clicks: number; human: number; clickers: number }[]
>`
  select i.newsletter_send_id || '/' || i.variation_id as send, s.hours, s.clicks::integer,
    s.human_clicks::integer as human,
    s.clickers::integer
  from promo_send_metrics s join promo_impression_tracking i on i.id = s.impression_id
  order by 1, 2
`
const crowdClickers = (sql: Sql) => sql<{ send: string; hours: number; clickers: number }[]>`
  select i.newsletter_send_id || '/' || i.variation_id as send, s.hours, s.crowd_clickers::integer as clickers
  from promo_send_metrics s join promo_impression_tracking i on i.id = s.impression_id
  where s.crowd_clickers <> 0
`
const crowds = (sql: Sql) => sql<
  { send: string; addresses: number; visits: number; largest: number; human: number }[]
>`
  select i.newsletter_send_id || '/' || i.variation_id as send, c.addresses::integer, c.visits::integer,
    c.largest::integer,
    c.human_clicks::integer as human
  from promo_crowd_metrics c join promo_impression_tracking i on i.id = c.impression_id
`
export const uniques = (sql: Sql) => sql<{ hour: Date; variation_id: number; unique: number }[]>`
  select hour, variation_id, unique_clicks::integer as unique
  from promo_performance_metrics where unique_clicks > 0 order by variation_id, hour
`
const breakdown = (sql: Sql) => sql<{ key: string; clicks: number; human: number }[]>`
  select concat_ws('|', day, variation_id, dimension, value) as key, clicks::integer, human_clicks::integer as human
  from promo_click_breakdown
`

export const byKey = (a: { key: string }, b: { key: string }) => (a.key < b.key ? -1 : 1)
const bySend = (a: { send: string; hours: number }, b: { send: string; hours: number }) =>
  a.send < b.send ? -1 : a.send > b.send ? 1 : a.hours - b.hours

/** What came of sends at crowded addresses. */
export const settledCrowds = async (sql: Sql) => ({
  clickers: Object.fromEntries(
    (await crowdClickers(sql)).map(({ send, hours, clickers }) => [`${send}/${hours}`, clickers]),
  ),
  parts: Object.fromEntries((await crowds(sql)).map(({ send, ...sums }) => [send, sums])),
})

/** All that settling adds up, in an order that does not change. */
export const settledFigures = async (sql: Sql) => ({
  sends: [...(await sends(sql))].sort(bySend),
  unique: Object.fromEntries(
    (await uniques(sql)).map((row) => [`${row.variation_id}/${row.hour.getTime() / 3_600_000}`, row.unique]),
  ),
  breakdown: [...(await breakdown(sql))].sort(byKey),
})
