import postgres from 'postgres'
import { createLog } from '../../src/lib/base/log.ts'
import { ok } from '../../src/lib/base/result.ts'
import { openDatabase } from '../../src/lib/database/database.ts'
import { migrate } from '../../src/lib/database/migrate.ts'
import type { Sql } from '../../src/lib/database/sql.ts'
import { selectPromo } from '../../src/lib/selection/select-promo.ts'
import { knownLinks } from '../support/known-links.ts'
import { startTestServer } from '../support/postgres-server.ts'
import { median } from './measure.ts'
import { usualRules } from './simulate.ts'

const rounds = 60

/** 200 offers of 20 variations, and two years of a daily send in which clickers come on three days. */
export async function writeSends(sql: Sql): Promise<void> {
  await sql.unsafe(`
    insert into affiliate_links (slug, destination_url)
    select 'offer-' || o, 'https://merchant.example/' || o from generate_series(1, 200) o;
    insert into promo_offers (id, name, link_slug)
    select o, 'Offer ' || o, 'offer-' || o from generate_series(1, 200) o;
    insert into promo_text_variations (id, offer_id, text_content, approved)
    select (o - 1) * 20 + v, o, 'A text of some length, number ' || v || ', for offer ' || o, true
    from generate_series(1, 200) o, generate_series(1, 20) v;
    insert into promo_impression_tracking (
      id, event_id, offer_id, variation_id, newsletter_send_id, recipients, tracked_at
    )
    select d, gen_random_uuid(), d * 7 % 200 + 1, d * 7 % 200 * 20 + d * 13 % 20 + 1, 'send-' || d, 50000,
      now() - d * interval '1 day'
    from generate_series(1, 730) d;
    insert into promo_send_metrics (impression_id, hours, clicks, human_clicks, clickers)
    select d, h, 100 + d * h % 50, 100 + d * h % 50, 90 + d * h % 50
    from generate_series(1, 730) d, unnest(array[0, 1, 2, 3, 6, 12, 24, 48, 72, 168]) h;
    insert into promo_daily_metrics (day, offer_id, variation_id, recipients, clicks, human_clicks)
    select current_date - d - later, d * 7 % 200 + 1, d * 7 % 200 * 20 + d * 13 % 20 + 1, 50000, 300, 250
    from generate_series(1, 730) d, generate_series(0, 6) later on conflict do nothing
  `)
  await sql.unsafe('vacuum analyze')
}

/** A hundred thousand conversions of these sends, and their sums. */
async function writeEarnings(sql: Sql): Promise<void> {
  await sql.unsafe(`
    insert into promo_conversions (
      external_id, offer_id, variation_id, newsletter_send_id, impression_id, amount, currency, status, occurred_at,
      reported_at, recorded_at, counted_on
    )
    select 'order-' || n, i.offer_id, i.variation_id, i.newsletter_send_id, i.id, 1 + n % 40, 'EUR', 'approved',
      i.tracked_at, i.tracked_at, i.tracked_at + n % 20 * interval '1 day', i.tracked_date
    from generate_series(1, 100000) n join promo_impression_tracking i on i.id = n % 730 + 1;
    insert into promo_send_conversions (impression_id, currency, conversions, revenue, squares)
    select impression_id, currency, count(*), sum(amount), sum(amount * amount) from promo_conversions group by 1, 2
  `)
  await sql.unsafe('vacuum analyze')
}

/** Milliseconds of a choice for a new send, from the call to the promo, median of 60; its decision is kept. */
export async function medianLatency(): Promise<
  Record<'weighted' | 'ctr_weighted' | 'thompson' | 'revenue', number>
> {
  const server = await startTestServer()
  try {
    const sql = postgres(server.url, { max: 1, onnotice: () => {} })
    await migrate(sql)
    await writeSends(sql)
    await writeEarnings(sql)
    await sql.end()
    const database = openDatabase({ locate: async () => ok(server.url), log: createLog('silent') })
    const links = await knownLinks(database)
    const parts = {
      database,
      links,
      random: Math.random,
      now: Date.now,
      rules: usualRules,
      siteUrl: 'https://news.example',
    }
    const timeOf = async (
      strategy: 'weighted' | 'ctr_weighted' | 'thompson',
      goal: 'clicks' | 'revenue' = 'clicks',
    ) => {
      const times: number[] = []
      for (let round = -10; round < rounds; round += 1) {
        const start = performance.now()
        const promo = await selectPromo(
          { ...parts, goal: { goal, currency: undefined } },
          { strategy, newsletter_send_id: `${strategy}-${goal}-${round}` },
        )
        if (!promo.ok) throw new Error(promo.fault.message)
        if (round >= 0) times.push(performance.now() - start)
      }
      const middle = median(times)
      const name = goal === 'revenue' ? 'for revenue' : strategy
      console.log(`${name.padEnd(13)} ${middle.toFixed(1)} ms among 4,000 variations, two years of sends`)
      return middle
    }
    const latency = {
      weighted: await timeOf('weighted'),
      ctr_weighted: await timeOf('ctr_weighted'),
      thompson: await timeOf('thompson'),
      revenue: await timeOf('thompson', 'revenue'),
    }
    await database.close()
    return latency
  } finally {
    await server.remove()
  }
}
