/**
 * The analytics with a million clicks of people from hosts that a botnet has invented: half of them new each
 * time, half the same again each day, so that every place for a name is taken. Against the same history without
 * them; medians of interleaved rounds, in one run. `npm run bench:hosts` (after `npm run build`); another
 * number of clicks and of hosts can be given.
 */
import postgres from 'postgres'
import { migrate } from '../../src/lib/database/migrate.ts'
import type { Sql } from '../../src/lib/database/sql.ts'
import { sections } from '../../src/lib/model/report-query.ts'
import { addToBreakdown, namedHosts } from '../../src/lib/store/settle-breakdown.ts'
import { databaseUrl } from '../support/global-setup.ts'
import { startTestServer } from '../support/postgres-server.ts'
import { removeDataDir } from '../support/site.ts'
import { wholeNumber } from '../support/whole-number.ts'
import { openReadersSite, type ReadersSite, timeOf } from './analytics-site.ts'
import { writeHistory } from './history.ts'
import { judge, median, table } from './measure.ts'

const [clicks = 1_000_000, hosts = 1_000_000] = process.argv
  .slice(2)
  .map((text, place) => wholeNumber(text, place === 0 ? 'CLICKS' : 'HOSTS'))
const rounds = 15
const warmUp = 8
const ranges = ['30', '365', 'all'] as const
const everything = sections.map((section) => `include_${section}=true`).join('&')
const paths = {
  'full answer': (range: string) => `/api/v1/promo/analytics?days=${range}&${everything}`,
  page: (range: string) => `/analytics?days=${range}`,
  'page of an offer': (range: string) => `/analytics/offers/1?days=${range}`,
}

/** What settling leaves of so many clicks from made-up hosts, newest days first. Answers how many rows that are. */
async function writeHosts(sql: Sql, end: Date): Promise<number> {
  const [texts] = await sql<{ count: number }[]>`select count(*)::integer as count from promo_text_variations`
  const perDay = (texts?.count ?? 0) * namedHosts.ofText
  for (let day = 0; day * perDay < hosts; day += 1) {
    await sql`
      with final as materialized (
        select ${end}::timestamptz - ${day + 1} * interval '1 day' as clicked_at, v.offer_id, v.id as variation_id,
          'mobile' as device, 'Safari' as browser, 'iOS' as os,
          case when host <= ${namedHosts.ofText / 2}
            then 'a' || (v.id * ${namedHosts.ofText / 2} + host) % ${namedHosts.ofMonth} || '.example'
            else 'h' || ${day} || '-' || v.id || '-' || host || '.example' end as referrer,
            'human' as final_verdict, 'none' as final_reason
        from promo_text_variations v, generate_series(1, ${namedHosts.ofText}) host
      ), ${addToBreakdown(sql)}
      select 1
    `
  }
  await sql.unsafe('vacuum analyze')
  const [named] = await sql<{ count: number }[]>`
    select count(*)::integer as count from promo_click_breakdown where dimension = 'referrer' and value ~ '^[ah][0-9]'
  `
  return named?.count ?? 0
}

const server = await startTestServer()
const admin = postgres(server.url, { max: 1, onnotice: () => {} })
const now = new Date()
type Subject = ReadersSite & { sql: postgres.Sql; times: Map<string, number[]> }

async function open(name: string): Promise<Subject> {
  await admin`create database ${admin(name)}`
  const url = databaseUrl(server.url, name)
  const sql = postgres(url, { max: 1, onnotice: () => {} })
  await migrate(sql)
  await writeHistory(sql, clicks, now)
  if (name === 'hosts')
    console.log(`${await writeHosts(sql, now)} rows of ${hosts} clicks from made-up hosts`)
  return { ...(await openReadersSite(url)), sql, times: new Map() }
}

const [plain, full] = [await open('plain'), await open('hosts')]
await admin.end()
for (const range of ranges) {
  for (let round = -warmUp; round < rounds; round += 1) {
    for (const [way, path] of Object.entries(paths)) {
      for (const subject of [plain, full]) {
        const time = await timeOf(subject, path(range))
        const what = `${way} ${range}`
        if (round >= 0) subject.times.set(what, [...(subject.times.get(what) ?? []), time])
      }
    }
  }
}

const of = ({ times }: Subject, what: string) => median(times.get(what) ?? [])
const cases = Object.keys(paths).flatMap((way) =>
  ranges.map((range) => ({ way, range, what: `${way} ${range}` })),
)
console.log(
  table([
    ['milliseconds', 'days', 'plain', 'with the hosts', 'ratio'],
    ...cases.map(({ way, range, what }) => [
      way,
      range,
      of(plain, what).toFixed(1),
      of(full, what).toFixed(1),
      (of(full, what) / of(plain, what)).toFixed(2),
    ]),
  ]),
)
process.exitCode = judge(
  cases.map(({ what }) => ({
    name: `${what} days, with the hosts against without`,
    value: of(full, what) / of(plain, what),
    most: 1.5,
  })),
)
for (const { site, sql } of [plain, full]) {
  await site.stop()
  await sql.end()
  removeDataDir(site.dataDir)
}
await server.remove()
