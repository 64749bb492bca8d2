/**
 * The analytics over one and ten million clicks of two years, a million of which became conversions: the API's
 * answers and the page against the specification's own query over raw rows, and redirects while the page is
 * loaded in a loop. Medians of interleaved rounds, in one run; before each answer a click is settled, so that
 * nothing that was remembered of earlier ones serves. `npm run bench:analytics` (after `npm run build`); other
 * numbers of clicks can be given, and of conversions: `-- 1000000 --conversions 0`.
 */
import { parseArgs } from 'node:util'
import postgres from 'postgres'
import { migrate } from '../../src/lib/database/migrate.ts'
import { sections } from '../../src/lib/model/report-query.ts'
import { databaseUrl } from '../support/global-setup.ts'
import { runLoad } from '../support/load.ts'
import { startTestServer } from '../support/postgres-server.ts'
import { removeDataDir } from '../support/site.ts'
import { wholeNumber } from '../support/whole-number.ts'
import { openReadersSite, type ReadersSite, timeOf } from './analytics-site.ts'
import { writeConversions } from './conversions.ts'
import { writeHistory } from './history.ts'
import { judge, median, table } from './measure.ts'

const { values: given, positionals } = parseArgs({
  options: { conversions: { type: 'string', default: '1000000' } },
  allowPositionals: true,
})
const sizes =
  positionals.length > 0 ? positionals.map((text) => wholeNumber(text, 'CLICKS')) : [1_000_000, 10_000_000]
const conversions = wholeNumber(given.conversions, '--conversions', 0)
const ranges = ['30', '365', 'all'] as const
const rounds = 21
/** Rounds that do not count: a site runs for weeks, and its code is compiled in the first seconds. */
const warmUp = 10
/** The specification's query takes seconds. */
const rawRounds = 3

type Range = (typeof ranges)[number]
type Way = 'timeline' | 'api' | 'page' | 'again'
type Subject = ReadersSite & { clicks: number; sql: postgres.Sql; times: Map<string, number[]> }

const everything = sections.map((section) => `include_${section}=true`).join('&')
const paths: Record<Exclude<Way, 'again'>, (range: Range) => string> = {
  timeline: (range) => `/api/v1/promo/analytics?days=${range}&include_timeline=true`,
  api: (range) => `/api/v1/promo/analytics?days=${range}&${everything}`,
  page: (range) => `/analytics?days=${range}`,
}

/** The specification's query 3, over a range of its own. */
const rawTimeline = (sql: postgres.Sql, range: Range) => {
  const since = range === 'all' ? sql`date '2000-01-01'` : sql`current_date - ${Number(range)}::integer`
  return sql`
    with daily_impressions as (
      select tracked_date, offer_id, count(*) as impressions
      from promo_impression_tracking where tracked_date >= ${since} group by tracked_date, offer_id
    ), daily_clicks as (
      select clicked_date, offer_id, count(*) as clicks
      from promo_click_tracking where clicked_date >= ${since} group by clicked_date, offer_id
    )
    select coalesce(i.tracked_date, c.clicked_date) as date, coalesce(i.offer_id, c.offer_id) as offer_id,
      coalesce(i.impressions, 0) as impressions, coalesce(c.clicks, 0) as clicks,
      case when coalesce(i.impressions, 0) > 0
        then coalesce(c.clicks, 0)::decimal / i.impressions::decimal * 100 end as ctr
    from daily_impressions i
    full outer join daily_clicks c on i.tracked_date = c.clicked_date and i.offer_id = c.offer_id
    order by date desc, offer_id
  `
}

const server = await startTestServer()
const admin = postgres(server.url, { max: 1, onnotice: () => {} })
const subjects: Subject[] = []
for (const clicks of sizes) {
  const name = `clicks_${clicks}`
  await admin`create database ${admin(name)}`
  const url = databaseUrl(server.url, name)
  const sql = postgres(url, { max: 1, onnotice: () => {} })
  await migrate(sql)
  const started = performance.now()
  await writeHistory(sql, clicks, new Date())
  await writeConversions(sql, conversions)
  console.log(`wrote ${clicks} clicks in ${Math.round((performance.now() - started) / 1000)} s`)
  subjects.push({ ...(await openReadersSite(url)), clicks, sql, times: new Map() })
}
await admin.end()

const note = ({ times }: Subject, what: string, time: number) =>
  times.set(what, [...(times.get(what) ?? []), time])
const timed = async (work: () => PromiseLike<unknown>) => {
  const started = performance.now()
  await work()
  return performance.now() - started
}

/** What settling leaves of one more click: whoever has judged the sends has to do so again. */
const settleOneMore = (sql: postgres.Sql) => sql`
  update promo_send_metrics set clicks = clicks + 1, human_clicks = human_clicks + 1, clickers = clickers + 1
  where (impression_id, hours) = (1, 0)
`

for (const range of ranges) {
  for (let round = -warmUp; round < rounds; round += 1) {
    for (const subject of subjects) {
      for (const way of ['timeline', 'api', 'page'] as const) {
        const path = paths[way](range)
        await settleOneMore(subject.sql)
        const time = await timeOf(subject, path)
        if (round >= 0) note(subject, `${way} ${range}`, time)
        if (way === 'page' && round >= 0)
          note(subject, `again ${range}`, await timeOf(subject, path, 'max-age=0'))
      }
      if (round >= 0 && round < rawRounds)
        note(subject, `raw ${range}`, await timed(() => rawTimeline(subject.sql, range)))
    }
  }
}

const promoLink = Buffer.from(
  'GET /offer?promo_var=1 HTTP/1.1\r\nhost: localhost\r\nuser-agent: Mozilla/5.0 (iPhone; CPU ' +
    'iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15\r\naccept: */*\r\n\r\n',
)
const redirects = (url: string) => runLoad({ url, connections: 32, seconds: 3, request: () => promoLink })

/** p99 of redirects while the page is loaded in a loop, against the same a moment before; medians of five rounds. */
async function disturbance(
  subject: Subject,
  cacheControl: string,
): Promise<{ idle: number; busy: number; ratio: number; pages: number }> {
  const { url } = subject.site
  const page = Buffer.from(
    `GET ${paths.page('365')} HTTP/1.1\r\nhost: localhost\r\ncookie: ` +
      `${subject.cookie}\r\ncache-control: ${cacheControl}\r\n\r\n`,
  )
  const found: { idle: number; busy: number; pages: number }[] = []
  for (let round = 0; round < 5; round += 1) {
    const idle = await redirects(url)
    const loading = new AbortController()
    const loop = runLoad({ url, connections: 1, signal: loading.signal, request: () => page })
    const busy = await redirects(url)
    loading.abort()
    const { perSecond } = await loop
    found.push({ idle: idle.p99 / 1000, busy: busy.p99 / 1000, pages: perSecond })
  }
  const middle = (pick: (one: (typeof found)[number]) => number) => median(found.map(pick))
  return {
    idle: middle(({ idle }) => idle),
    busy: middle(({ busy }) => busy),
    ratio: middle(({ idle, busy }) => busy / idle),
    pages: middle(({ pages }) => pages),
  }
}

const [small, large = small] = subjects
if (!small || !large) throw new Error('there is nothing to measure')
const looped = await disturbance(large, 'max-age=0')
const anew = await disturbance(large, 'no-cache')

const of = (subject: Subject, what: string) => median(subject.times.get(what) ?? [])
console.log('\nmilliseconds, medians\n')
console.log(
  table([
    ['clicks', 'days', 'raw timeline', 'timeline', 'full answer', 'page', 'page again'],
    ...subjects.flatMap((subject) =>
      ranges.map((range) => [
        String(subject.clicks),
        range,
        ...['raw', 'timeline', 'api', 'page', 'again'].map((way) =>
          of(subject, `${way} ${range}`).toFixed(1),
        ),
      ]),
    ),
  ]),
)
const told = ({ idle, busy, pages }: typeof looped) =>
  `${idle.toFixed(1)} ms idle, ${busy.toFixed(1)} ms while a page is loaded ${pages.toFixed(1)} times a second`
console.log(`\nredirects, p99: ${told(looped)}; read anew each time: ${told(anew)}\n`)

process.exitCode = judge([
  {
    name: `timeline of all days against the specification's query over ${large.clicks} rows`,
    value: of(large, 'raw all') / of(large, 'timeline all'),
    least: 100,
  },
  ...ranges.flatMap((range) =>
    (['api', 'page'] as const).flatMap((way) => {
      const name = `${way === 'api' ? 'full answer' : 'page'}, ${range} days`
      const [one, ten] = [of(small, `${way} ${range}`), of(large, `${way} ${range}`)]
      return [
        { name: `${name}, ${large.clicks} clicks against ${small.clicks}`, value: ten / one, most: 1.5 },
        { name: `${name}, ms`, value: ten, most: 50 },
      ]
    }),
  ),
  { name: 'p99 of redirects while the page is loaded in a loop', value: looped.ratio, most: 2 },
  { name: 'p99 of redirects while the page is read anew in a loop', value: anew.ratio, most: 2 },
])
for (const { site, sql } of subjects) {
  await site.stop()
  await sql.end()
  removeDataDir(site.dataDir)
}
await server.remove()
