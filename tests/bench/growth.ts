/**
 * What grows with the clicks of three years: recording, settling, reports, the daily purge and the work on
 * partitions, with 1, 10 and 100 million clicks; other numbers can be given. The database holds what retention
 * keeps by its defaults: sums of all three years, rows of 13 months, hashes of 30 days, this month's visitors;
 * so 100 million clicks are 36 million rows and take about 20 GB while they are written. `npm run bench:growth
 * [-- --keep FOLDER] [CLICKS …]`: with a folder, a first run fills it and stops, and each further one measures what is
 * there.
 */
import { resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import postgres from 'postgres'
import { createLog } from '../../src/lib/base/log.ts'
import { ok, type Result } from '../../src/lib/base/result.ts'
import { type Database, openDatabase } from '../../src/lib/database/database.ts'
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
import { wholeNumber } from '../support/whole-number.ts'
import { writeHistory } from './history.ts'
import { throughTheJournal } from './journal.ts'
import { judge, median, table } from './measure.ts'

const given = parseArgs({ options: { keep: { type: 'string' } }, allowPositionals: true })
const { keep } = given.values
const sizes =
  given.positionals.length > 0
    ? given.positionals.map((text) => wholeNumber(text, 'CLICKS'))
    : [1e6, 1e7, 1e8]
const rounds = 3
const batch = 5_000
const most = 1.2
const day = 86_400_000
const retention = { PROMO_RETAIN_DETAILS_DAYS: 30, PROMO_RETAIN_EVENTS_MONTHS: 13 }
const kept = { days: 1_095, rowDays: 396, hashDays: 30, indexed: true }

type Subject = {
  clicks: number
  url: string
  sql: postgres.Sql
  /** When its clicks end, and when it was purged last. */
  end: Date
  purgedAt: number
  /** Milliseconds of each kind of work, and pages of the database that it read, from disk or memory. */
  times: Map<string, number[]>
  pages: Map<string, number[]>
}

const server = await startTestServer({ fsync: true, folder: keep && resolve(keep) })
const admin = postgres(server.url, { max: 1, onnotice: () => {} })

const unwrap = <Value>(result: Result<Value, unknown>): Value => {
  if (!result.ok) throw new Error(JSON.stringify(result.fault))
  return result.value
}

const nameOf = (clicks: number) => `clicks_${clicks}`

// What a session has set must last for as long as it takes to fill.
const connect = (name: string) =>
  postgres(databaseUrl(server.url, name), { max: 1, max_lifetime: null, onnotice: () => {} })

/** Under another name until it is whole. */
async function write(clicks: number): Promise<void> {
  const started = performance.now()
  await admin`drop database if exists filling`
  await admin`create database filling`
  // Checkpoints every half a gigabyte would write most pages many times.
  await admin`alter system set max_wal_size = '8GB'`
  await admin`select pg_reload_conf()`
  const sql = connect('filling')
  await migrate(sql)
  const end = new Date()
  await writeHistory(sql, clicks, end, kept)
  await sql`
    insert into promo_clickers (ip_hash, variation_id, impression_id, first_clicked_at)
    select ip_hash, variation_id, 0, min(clicked_at) from promo_click_tracking
    where ip_hash is not null and clicked_at >= date_trunc('month', ${end}::timestamptz, 'UTC')
    group by 1, 2
  `
  await sql.unsafe('analyze promo_clickers')
  const [facts] = await sql`
    select (select count(*) from promo_click_tracking) as rows,
      pg_size_pretty(pg_database_size(current_database())) as size
  `
  await sql.end()
  await admin`alter database filling rename to ${admin(nameOf(clicks))}`
  await admin`alter system reset max_wal_size`
  await admin`select pg_reload_conf()`
  await admin`checkpoint`
  const seconds = Math.round((performance.now() - started) / 1000)
  console.log(`wrote ${clicks} clicks in ${seconds} s: ${facts?.rows} rows, ${facts?.size}`)
}

/** Answers whether it had to be written first. */
async function provide(clicks: number): Promise<boolean> {
  const known = await admin`select from pg_database where datname = ${nameOf(clicks)}`
  if (known.length === 0) await write(clicks)
  return known.length === 0
}

async function open(clicks: number): Promise<Subject> {
  const sql = connect(nameOf(clicks))
  await migrate(sql)
  const [last] = await sql<{ end: Date; purged_at: Date }[]>`
    select max(tracked_at) + interval '1 day' as end,
      greatest(max(tracked_at) + interval '1 day',
        details_removed_before + ${kept.hashDays} * interval '1 day') as purged_at
    from promo_impression_tracking, promo_retention group by details_removed_before
  `
  const { end, purged_at } = last ?? { end: new Date(), purged_at: new Date() }
  return {
    ...{ clicks, sql, end, url: databaseUrl(server.url, nameOf(clicks)) },
    ...{ purgedAt: purged_at.getTime(), times: new Map(), pages: new Map() },
  }
}

/** PostgreSQL counts what a session has read when it ends. */
async function pagesRead({ clicks }: Subject): Promise<number> {
  const name = nameOf(clicks)
  const open = () =>
    admin`select from pg_stat_activity where datname = ${name} and application_name = 'promo'`
  while ((await open()).length > 0) await sleep(10)
  const [read] =
    await admin`select blks_hit + blks_read as pages from pg_stat_database where datname = ${name}`
  return Number(read?.pages)
}

async function timed(
  subject: Subject,
  what: string,
  work: (database: Database) => Promise<unknown>,
): Promise<void> {
  const before = await pagesRead(subject)
  const database = openDatabase({ locate: async () => ok(subject.url), log: createLog('silent') })
  unwrap(await database.run((sql) => sql`select 1`))
  const started = performance.now()
  await work(database)
  const time = performance.now() - started
  await database.close()
  note(subject.times, what, time)
  note(subject.pages, what, (await pagesRead(subject)) - before)
}

const note = (figures: Map<string, number[]>, what: string, figure: number) =>
  figures.set(what, [...(figures.get(what) ?? []), figure])

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
  const { url, end } = subject
  const clicks = makeClicks(round)
  await timed(subject, 'record', () => throughTheJournal(url, clicks))
  await timed(subject, 'settle', async (database) => unwrap(await settle(database, { age: 0 })))
  const turn = createTurns()
  for (const days of [30, kept.days]) {
    await timed(subject, `report ${days}`, async (database) =>
      unwrap(
        await readReport(
          { database, judge: createJudge(Date.now, turn), turn },
          {
            start: new Date(end.getTime() - days * day).toISOString().slice(0, 10),
            end: end.toISOString().slice(0, 10),
            tz: 'UTC',
            counting: 'all',
            include: new Set(sections),
            format: 'json',
          },
        ),
      ),
    )
  }
  subject.purgedAt += day
  await timed(subject, 'purge', async (database) =>
    unwrap(await purge(database, subject.purgedAt, retention)),
  )
  const month = Date.UTC(2040, round, 1)
  await timed(subject, 'partition made', async (database) =>
    unwrap(await database.run((sql) => makeClickPartitionsBetween(sql, month, month))),
  )
  const name = `promo_click_tracking_2040_${String(round + 1).padStart(2, '0')}`
  await timed(subject, 'partition dropped', async (database) =>
    unwrap(await database.run((sql) => dropClickPartition(sql, name))),
  )
}

const written: boolean[] = []
for (const clicks of sizes) written.push(await provide(clicks))
if (keep && written.includes(true)) {
  await admin.end()
  await server.stop()
  process.exit()
}
const subjects: Subject[] = []
for (const clicks of sizes) subjects.push(await open(clicks))
// The first round compiles this program, reads the pages that it needs, and removes the details of a day more
// than others.
for (let round = 0; round <= rounds; round += 1) {
  for (const subject of subjects) {
    await measure(subject, round)
    if (round > 0) continue
    subject.times.clear()
    subject.pages.clear()
  }
}

const kinds = [...(subjects[0]?.times.keys() ?? [])]
const of = (subject: Subject, what: string, figures: 'times' | 'pages' = 'times') =>
  median(subject[figures].get(what) ?? [])
const tell = (figures: 'times' | 'pages', digits: number) =>
  console.log(
    table([
      ['clicks', ...kinds],
      ...subjects.map((subject) => [
        String(subject.clicks),
        ...kinds.map((what) => of(subject, what, figures).toFixed(digits)),
      ]),
    ]),
  )
console.log(`\nmilliseconds, medians of ${rounds}; ${batch} clicks recorded and settled\n`)
tell('times', 1)
console.log('\npages of 8 kB that were read, from disk or memory: a busy machine changes none of these\n')
tell('pages', 0)
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
await admin.end()
await server.remove()
