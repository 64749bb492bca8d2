/**
 * What grows with the clicks of three years: recording, settling, reports, the daily purge and the work on
 * partitions, with 1, 10 and 100 million clicks; other numbers can be given. The database holds what retention
 * keeps by its defaults: sums of all three years, rows of 13 months, hashes of 30 days, this month's visitors;
 * so 100 million clicks are 36 million rows and take about 20 GB while they are written. `npm run bench:growth
 * [-- CLICKS …]`.
 */
import postgres from 'postgres'
import { createLog } from '../../src/lib/base/log.ts'
import { ok, type Result } from '../../src/lib/base/result.ts'
import { openDatabase } from '../../src/lib/database/database.ts'
import { migrate } from '../../src/lib/database/migrate.ts'
import { sections } from '../../src/lib/model/report-query.ts'
import { purge } from '../../src/lib/operations/purge.ts'
import { settle } from '../../src/lib/operations/settle.ts'
import { createTurns } from '../../src/lib/pace/event-loop-turns.ts'
import { createJudge } from '../../src/lib/reports/judge-evidence.ts'
import { readReport } from '../../src/lib/reports/read-report.ts'
import { makeClickPartitionsBetween } from '../../src/lib/store/catalogue.ts'
import { dropClickPartition } from '../../src/lib/store/retention.ts'
import { aClick, aHash } from '../support/events.ts'
import { databaseUrl } from '../support/global-setup.ts'
import { startTestServer } from '../support/postgres-server.ts'
import { writeHistory } from './history.ts'
import { throughTheJournal } from './journal.ts'
import { judge, median, table } from './measure.ts'

const sizes = process.argv.length > 2 ? process.argv.slice(2).map(Number) : [1e6, 1e7, 1e8]
const rounds = 3
const batch = 5_000
const most = 1.2
const day = 86_400_000
const retention = { PROMO_RETAIN_DETAILS_DAYS: 30, PROMO_RETAIN_EVENTS_MONTHS: 13 }
const kept = { days: 1_095, rowDays: 396, hashDays: 30, indexed: true }

type Subject = { clicks: number; url: string; sql: postgres.Sql; times: Map<string, number[]> }

const server = await startTestServer({ fsync: true })
const admin = postgres(server.url, { max: 1, onnotice: () => {} })
const end = new Date()

const unwrap = <Value>(result: Result<Value, unknown>): Value => {
  if (!result.ok) throw new Error(JSON.stringify(result.fault))
  return result.value
}

async function writeSubject(clicks: number): Promise<Subject> {
  const name = `clicks_${clicks}`
  await admin`create database ${admin(name)}`
  const url = databaseUrl(server.url, name)
  const sql = postgres(url, { max: 1, onnotice: () => {} })
  await migrate(sql)
  const started = performance.now()
  await writeHistory(sql, clicks, end, kept)
  await sql`
    insert into promo_clickers (ip_hash, variation_id, impression_id, first_clicked_at)
    select ip_hash, variation_id, 0, min(clicked_at) from promo_click_tracking
    where ip_hash is not null and clicked_at >= date_trunc('month', ${end}::timestamptz, 'UTC')
    group by 1, 2
  `
  await sql.unsafe('analyze promo_clickers')
  const [facts] = await sql`
    select (select count(*) from promo_click_tracking) as rows, pg_size_pretty(pg_database_size(current_database())) as size
  `
  const seconds = Math.round((performance.now() - started) / 1000)
  console.log(`wrote ${clicks} clicks in ${seconds} s: ${facts?.rows} rows, ${facts?.size}`)
  return { clicks, url, sql, times: new Map() }
}

async function timed(subject: Subject, what: string, work: () => Promise<unknown>): Promise<void> {
  const started = performance.now()
  await work()
  const time = performance.now() - started
  subject.times.set(what, [...(subject.times.get(what) ?? []), time])
}

const makeClicks = (round: number) =>
  Array.from({ length: batch }, (_, index) =>
    aClick({
      offer_id: (index % 20) + 1,
      variation_id: (index % 20) * 4 + 1,
      at: Date.now(),
      ip_hash: aHash(round * batch + index),
    }),
  )

async function measure(subject: Subject, round: number): Promise<void> {
  const { url, sql } = subject
  const database = openDatabase({ locate: async () => ok(url), log: createLog('silent') })
  const clicks = makeClicks(round)
  await timed(subject, 'record', () => throughTheJournal(url, clicks))
  await timed(subject, 'settle', async () => unwrap(await settle(database, { age: 0 })))
  const turn = createTurns()
  const parts = { database, judge: createJudge(Date.now, turn), turn }
  for (const days of [30, kept.days]) {
    await timed(subject, `report ${days}`, async () =>
      unwrap(
        await readReport(parts, {
          start: new Date(end.getTime() - days * day).toISOString().slice(0, 10),
          end: end.toISOString().slice(0, 10),
          tz: 'UTC',
          counting: 'all',
          include: new Set(sections),
          format: 'json',
        }),
      ),
    )
  }
  const now = end.getTime() + round * day
  await timed(subject, 'purge', async () => unwrap(await purge(database, now, retention)))
  const month = Date.UTC(2040, round, 1)
  await timed(subject, 'partition made', async () => {
    await makeClickPartitionsBetween(sql, month, month)
  })
  const name = `promo_click_tracking_2040_${String(round + 1).padStart(2, '0')}`
  await timed(subject, 'partition dropped', async () =>
    unwrap(await database.run((sql) => dropClickPartition(sql, name))),
  )
  await database.close()
}

const subjects: Subject[] = []
for (const clicks of sizes) subjects.push(await writeSubject(clicks))
await admin.end()
// The first round compiles this program, reads the pages that it needs, and removes the details of a day more
// than others.
for (let round = 0; round <= rounds; round += 1) {
  for (const subject of subjects) {
    await measure(subject, round)
    if (round === 0) subject.times.clear()
  }
}

const kinds = [...(subjects[0]?.times.keys() ?? [])]
const of = (subject: Subject, what: string) => median(subject.times.get(what) ?? [])
console.log(`\nmilliseconds, medians of ${rounds}; ${batch} clicks recorded and settled\n`)
console.log(
  table([
    ['clicks', ...kinds],
    ...subjects.map((subject) => [
      String(subject.clicks),
      ...kinds.map((what) => of(subject, what).toFixed(1)),
    ]),
  ]),
)
console.log()
process.exitCode = judge(
  subjects.slice(1).flatMap((large, index) => {
    const small = subjects[index] ?? large
    return kinds.map((what) => ({
      name: `${what}, ${large.clicks} clicks against ${small.clicks}`,
      value: of(large, what) / of(small, what),
      most,
    }))
  }),
)
for (const { sql } of subjects) await sql.end()
await server.remove()
