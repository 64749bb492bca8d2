/**
 * Clicks a second from the journal into PostgreSQL, against one transaction a click (insert, two counter
 * updates) over ten connections: the same tables, triggers and server, in one run; then how fast what was
 * recorded is settled, with the rests that settling takes, without Matomo and with it, for which settling fills
 * the outbox. `npm run bench:ingest`.
 */
import postgres from 'postgres'
import { createLog } from '../../src/lib/base/log.ts'
import { ok } from '../../src/lib/base/result.ts'
import { openDatabase } from '../../src/lib/database/database.ts'
import { makeClickPartitions, migrate } from '../../src/lib/database/migrate.ts'
import type { Click } from '../../src/lib/model/event.ts'
import { settle } from '../../src/lib/operations/settle.ts'
import { insertPromos } from '../support/database.ts'
import { aClick, aHash } from '../support/events.ts'
import { startTestServer } from '../support/postgres-server.ts'
import { throughTheJournal } from './journal.ts'
import { judge, median, table } from './measure.ts'

const rounds = 5
const seconds = 2
const batchedClicks = 60_000

const variations = [
  { offer_id: 4, variation_id: 42 },
  { offer_id: 4, variation_id: 43 },
  { offer_id: 5, variation_id: 50 },
]

/** Of ten clicks one repeats the one before it, and one is a machine's. */
const makeClicks = (count: number): Click[] =>
  Array.from({ length: count }, (_, index) => {
    const visit = index % 10 === 1 ? index - 1 : index
    return aClick({
      ...variations[visit % 3],
      at: Date.now(),
      ip_hash: aHash(visit),
      ...(index % 10 === 5 && { verdict: 'machine', reason: 'prefetch' }),
    })
  })

async function transactionPerClick(sql: postgres.Sql): Promise<number> {
  const until = performance.now() + seconds * 1000
  let committed = 0
  const worker = async () => {
    while (performance.now() < until) {
      const [click] = makeClicks(1)
      if (!click) return
      const { event_id, offer_id, variation_id, at, referrer, user_agent, ip_hash } = click
      await sql.begin(async (transaction) => {
        await transaction`
          insert into promo_click_tracking (event_id, offer_id, variation_id, clicked_at, referrer, user_agent, ip_hash)
          values (${event_id}, ${offer_id}, ${variation_id}, to_timestamp(${at / 1000}), ${referrer}, ${user_agent},
            ${ip_hash})
        `
        await transaction`update promo_text_variations set clicks = clicks + 1 where id = ${variation_id}`
        await transaction`update promo_offers set total_clicks = total_clicks + 1 where id = ${offer_id}`
      })
      committed += 1
    }
  }
  const started = performance.now()
  await Promise.all(Array.from({ length: 10 }, worker))
  return committed / ((performance.now() - started) / 1000)
}

const server = await startTestServer({ fsync: true })
const sql = postgres(server.url, { max: 10, onnotice: () => {} })
await migrate(sql)
await makeClickPartitions(sql, Date.now())
await insertPromos(sql)

async function settleAll(url: string, forMatomo: boolean): Promise<number> {
  const database = openDatabase({ locate: async () => ok(url), log: createLog('silent') })
  const started = performance.now()
  const settled = await settle(database, { age: 0, forMatomo })
  const seconds = (performance.now() - started) / 1000
  await database.close()
  if (!settled.ok || settled.value !== batchedClicks) throw new Error(`settled ${JSON.stringify(settled)}`)
  return settled.value / seconds
}

/** Each way starts on the same tables: without clicks, and without what the other way's updates have left behind. */
async function clear(): Promise<void> {
  await sql`truncate promo_click_tracking, promo_performance_metrics, promo_daily_metrics, promo_clickers,
  promo_crowds, promo_crowd_visits, promo_click_breakdown, promo_monthly_breakdown, promo_outbox`
  await sql`vacuum full promo_offers`
  await sql`vacuum full promo_text_variations`
}

const results = {
  single: [] as number[],
  batched: [] as number[],
  settled: [] as number[],
  forMatomo: [] as number[],
}
for (let round = 0; round < rounds; round += 1) {
  await clear()
  results.single.push(await transactionPerClick(sql))
  await clear()
  results.batched.push(await throughTheJournal(server.url, makeClicks(batchedClicks)))
  results.settled.push(await settleAll(server.url, false))
  await clear()
  await throughTheJournal(server.url, makeClicks(batchedClicks))
  results.forMatomo.push(await settleAll(server.url, true))
}
const [waiting] = await sql`select count(*)::integer as clicks from promo_outbox`
await sql.end()
await server.remove()

const [single = 0, batched = 0, settled = 0, forMatomo = 0] = Object.values(results).map(median)
const secondsOf = (perSecond: number) => (100_000 / perSecond).toFixed(1)
console.log(
  table([
    ['way', 'clicks/s', 'ratio'],
    ['one transaction a click, 10 connections', single.toFixed(0), '1.0'],
    ['journal and batches, 1 connection', batched.toFixed(0), (batched / single).toFixed(1)],
    ['settling, 1 connection', settled.toFixed(0), (settled / single).toFixed(1)],
    ['settling for Matomo', forMatomo.toFixed(0), (forMatomo / single).toFixed(1)],
  ]),
)
console.log(
  `\n100,000 clicks are settled in ${secondsOf(settled)} s, and in ${secondsOf(forMatomo)} s with ` +
    `Matomo (${waiting?.clicks} of ${batchedClicks} clicks are put into the outbox)\n`,
)
process.exitCode = judge([
  { name: 'batched against one transaction a click', value: batched / single, least: 25 },
])
