/**
 * Redirects a second of the built site against a bare node:http server that answers a constant 307: medians of
 * interleaved rounds, in one run. `npm run bench:redirect` (after `npm run build`).
 */
import { once } from 'node:events'
import { createServer, get } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import postgres from 'postgres'
import { migrate } from '../../src/lib/database/migrate.ts'
import { insertPromos } from '../support/database.ts'
import { collection } from '../support/fake-strapi.ts'
import { runLoad } from '../support/load.ts'
import { startTestServer } from '../support/postgres-server.ts'
import { makeDataDir, removeDataDir, type SiteProcess, startSiteProcess } from '../support/site.ts'
import { wholeNumber } from '../support/whole-number.ts'
import { judge, median, table } from './measure.ts'

const rounds = wholeNumber(process.argv[2] ?? '5', 'ROUNDS')
const seconds = 2
const connections = 32

const request = (path: string) => {
  const bytes = Buffer.from(
    `GET ${path} HTTP/1.1\r\nhost: localhost\r\nuser-agent: Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 ` +
      'like Mac OS X) AppleWebKit/605.1.15\r\naccept: */*\r\nreferer: https://mail.example/inbox\r\n\r\n',
  )
  return () => bytes
}
const plain = request('/nocodemba')
const tracked = request('/nocodemba?utm_source=newsletter&promo_var=42')
const named = request('/named?utm_source=newsletter&promo_var=60')

const database = await startTestServer({ fsync: true })
const sql = postgres(database.url, { max: 1, onnotice: () => {} })
await migrate(sql)
await insertPromos(sql)
await sql`
  insert into affiliate_links (slug, destination_url, click_id_parameter, pass_parameters)
  values ('named', 'https://merchant.example/course?ref=daily', 'subid', false)
`

const folders = [makeDataDir(), makeDataDir(), makeDataDir(), makeDataDir(), makeDataDir()] as const
const settings = {
  DATABASE_URL: database.url,
  PROMO_FLOOD_PER_MINUTE: '1000000000',
  PROMO_LOG_LEVEL: 'silent',
}
const start = (folder: string, more: Record<string, string>, program?: string) =>
  startSiteProcess({ ...settings, ...more, PROMO_DATA_DIR: folder, PROMO_LOG_LEVEL: 'info' }, program)
const bare = await startSiteProcess({ PROMO_DATA_DIR: '' }, 'tests/bench/bare-server.ts')
const site = await start(folders[0], {})
const synced = await start(folders[1], { PROMO_JOURNAL_SYNC: 'fsync' })
const [link] = await sql`select slug, destination_url from affiliate_links where slug = 'nocodemba'`
const entry = { id: 1, documentId: 'a', active: true, slug: '', ...link, network: 'subid' }
const strapi = createServer(collection(() => [entry]))
await once(strapi.listen(0, '127.0.0.1'), 'listening')
const strapiAddress = strapi.address()
const fromStrapi = await start(folders[3], {
  PROMO_LINKS: 'strapi',
  PROMO_STRAPI_URL: `http://127.0.0.1:${typeof strapiAddress === 'object' && strapiAddress ? strapiAddress.port : 0}`,
  PROMO_STRAPI_FIELDS: 'slug:slug,destination:destination_url,active:active,click_id_parameter:network',
})
const astro = await start(folders[2], {}, 'tests/bench/astro-server.ts')
// Code gets faster the more it has run, so the site of Strapi's links is compared with one that did as much.
const asWarm = await start(folders[4], {})

const asWarmName = 'recorded (write), a site as warm as the next'
type Round = { perSecond: number; p50: number; p99: number }
const ways: {
  name: string
  server: SiteProcess
  request: () => Buffer
  stopped?: boolean
  rounds: Round[]
}[] = [
  { name: 'bare node:http', server: bare, request: plain, rounds: [] },
  { name: 'redirect without promo_var', server: site, request: plain, rounds: [] },
  { name: 'redirect, recorded (write)', server: site, request: tracked, rounds: [] },
  { name: 'redirect, recorded (fsync)', server: synced, request: tracked, rounds: [] },
  { name: 'Astro route, recorded', server: astro, request: tracked, rounds: [] },
  { name: 'recorded, database stopped', server: site, request: tracked, stopped: true, rounds: [] },
  { name: 'recorded, with the click’s id', server: site, request: named, rounds: [] },
  { name: asWarmName, server: asWarm, request: tracked, rounds: [] },
  { name: 'recorded, links of Strapi, the click’s id', server: fromStrapi, request: tracked, rounds: [] },
]

let answered = 0
let refused = 0

/** Everything handed to the database, so that one way's work is not counted on another's time. */
async function drained(server: SiteProcess): Promise<void> {
  if (server === bare) return
  for (;;) {
    const health = await fetch(`${server.url}/api/v1/promo/health`).then((response) => response.json())
    if (health.journal?.depth === 0) return
    await sleep(100)
  }
}

for (const way of ways) await runLoad({ url: way.server.url, connections, seconds: 1, request: plain })
const userAgent = 'Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15'
const led = await new Promise<string | undefined>((resolve, reject) => {
  const options = { headers: { 'user-agent': userAgent }, agent: false }
  get(`${fromStrapi.url}/nocodemba?promo_var=42`, options, (response) =>
    resolve(response.resume().headers.location),
  ).on('error', reject)
})
if (!led?.includes('subid=')) throw new Error(`There is no id of a click in ${led}.`)
answered += 1
for (let round = 0; round < rounds; round += 1) {
  for (const way of ways) {
    if (way.stopped) await database.stop()
    const result = await runLoad({ url: way.server.url, connections, seconds, request: way.request })
    way.rounds.push(result)
    if (way.request === tracked || way.request === named) answered += result.statuses[307] ?? 0
    refused += result.failures + (result.answered - (result.statuses[307] ?? 0))
    if (way.stopped) await database.start()
    await drained(way.server)
  }
}
for (const server of [site, synced, astro, asWarm, fromStrapi]) await server.stop()
strapi.close()
bare.process.kill()
const [found] = await sql`select count(*)::integer as clicks from promo_click_tracking`
await sql.end()
await database.remove()
for (const folder of folders) removeDataDir(folder)

const figures = ways.map(({ name, rounds }) => ({
  name,
  perSecond: median(rounds.map(({ perSecond }) => perSecond)),
  p50: median(rounds.map(({ p50 }) => p50)),
  p99: median(rounds.map(({ p99 }) => p99)),
}))
const base = figures[0]?.perSecond ?? Number.NaN
console.log(
  table([
    ['way', 'redirects/s', 'ratio', 'p50 ms', 'p99 ms'],
    ...figures.map(({ name, perSecond, p50, p99 }) => [
      name,
      perSecond.toFixed(0),
      (perSecond / base).toFixed(2),
      (p50 / 1000).toFixed(2),
      (p99 / 1000).toFixed(2),
    ]),
  ]),
)
console.log(
  `\n${answered} clicks answered, ${found?.clicks} found in the database, ${refused} requests not answered with 307\n`,
)

/** Ratios within a round, so that a machine that slows down between rounds changes nothing. */
const ratio = (name: string, to: string, pick: (round: Round) => number) => {
  const [way, other] = [name, to].map((one) => ways.find((way) => way.name === one)?.rounds ?? [])
  return median((way ?? []).map((round, index) => pick(round) / pick(other?.[index] ?? round)))
}
const perSecond = (round: Round) => round.perSecond
const [bareName, write] = ['bare node:http', 'redirect, recorded (write)']
const missed = judge([
  { name: 'recorded (write) against bare', value: ratio(write, bareName, perSecond), least: 0.75 },
  {
    name: 'recorded (fsync) against bare',
    value: ratio('redirect, recorded (fsync)', bareName, perSecond),
    least: 0.42,
  },
  {
    name: 'database stopped against running',
    value: ratio('recorded, database stopped', write, perSecond),
    least: 0.9,
  },
  {
    name: 'with the click’s id against without',
    value: ratio('recorded, with the click’s id', write, perSecond),
    least: 0.95,
  },
  {
    name: 'links of Strapi and the click’s id against table',
    value: ratio('recorded, links of Strapi, the click’s id', asWarmName, perSecond),
    least: 0.95,
  },
  { name: 'p99 recorded (write) against bare', value: ratio(write, bareName, ({ p99 }) => p99), most: 2 },
  { name: 'clicks found of clicks answered', value: (found?.clicks ?? 0) / answered, least: 1, most: 1 },
])
process.exitCode = missed
