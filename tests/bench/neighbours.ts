/**
 * Redirects of a site whose Strapi, Matomo, Mautic and webhooks are of no use, against a site that has none of
 * them: pairs of rounds in turn, the other site stopped meanwhile, in one run. Beside p99: memory, what was
 * lost, and what health says. `npm run bench:neighbours [-- PAIRS]` (after `npm run build`).
 */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import postgres from 'postgres'
import { migrate } from '../../src/lib/database/migrate.ts'
import { insertPromos } from '../support/database.ts'
import { databaseUrl } from '../support/global-setup.ts'
import { runLoad } from '../support/load.ts'
import { startTestServer } from '../support/postgres-server.ts'
import { makeDataDir, removeDataDir, type SiteProcess } from '../support/site.ts'
import { wholeNumber } from '../support/whole-number.ts'
import { judge, median, table } from './measure.ts'
import { memoryOf, startMeasured } from './memory.ts'
import type { Told, Way } from './neighbour.ts'

const pairs = wholeNumber(process.argv[2] ?? '6', 'PAIRS')
const [seconds, warmUp, connections] = [2, 3, 32]
const ways: readonly Way[] = ['hangs', 'garbage', '10 MB', 'circle', 'gone']
/** Rows of the outbox that wait from yesterday for each way: clicks, and messages to each of so many webhooks. */
const [clicks, webhooks, messages] = [2_000, 5, 20]

const neighbour = fork('tests/bench/neighbour.ts')
let neighbours: Told = (await once(neighbour, 'message'))[0]
async function become(way: Way): Promise<void> {
  neighbour.send(way)
  ;[neighbours] = await once(neighbour, 'message')
}
const url = `http://127.0.0.1:${neighbours.port}`

const server = await startTestServer({ fsync: true })
const admin = postgres(server.url, { max: 1, onnotice: () => {} })
async function openSide(name: string, settings: Record<string, string>) {
  await admin`create database ${admin(name)}`
  const database = databaseUrl(server.url, name)
  const sql = postgres(database, { max: 1, onnotice: () => {} })
  await migrate(sql)
  await insertPromos(sql)
  const dataDir = makeDataDir()
  const environment = {
    ...{ DATABASE_URL: database, PROMO_DATA_DIR: dataDir, PROMO_FLOOD_PER_MINUTE: '1000000000' },
    ...settings,
  }
  const start = () => startMeasured(environment)
  return { sql, start, dataDir, answered: 0, refused: 0 }
}
type Side = Awaited<ReturnType<typeof openSide>>
const without = await openSide('without', {})
const beside = await openSide('beside', {
  ...{ PROMO_LINKS: 'both', PROMO_STRAPI_URL: url, PROMO_STRAPI_OFFERS_TYPE: 'promo-offers' },
  PROMO_STRAPI_FIELDS: 'slug:slug,destination:destination_url,active:active',
  ...{ PROMO_MATOMO_URL: url, PROMO_MATOMO_SITE_ID: '1', PROMO_MATOMO_TOKEN: 'ab'.repeat(16) },
  ...{ PROMO_MAUTIC_URL: url, PROMO_MAUTIC_USER: 'promo', PROMO_MAUTIC_PASSWORD: 'a password' },
  ...{ PROMO_MAUTIC_EMAIL_NAMES: '*{send}*', PROMO_MAUTIC_EVERY_MINUTES: '1' },
  PROMO_WEBHOOK_ADDRESSES: 'any',
})

/** What waits since yesterday, for Matomo and for webhooks that nobody has failed yet. */
async function fillOutbox(sql: postgres.Sql, turn: number): Promise<void> {
  await sql`
    insert into promo_outbox (target, body, created_at, due_at)
    select 'matomo', jsonb_build_object('at', extract(epoch from now())::bigint - 82800 + ${turn * clicks} + n,
      'offer_id', 4, 'offer', 'No Code MBA', 'slug', 'nocodemba', 'variation_id', 42, 'text', 'Build', 'send', null,
      'newsletter', null),
      now() - interval '23 hours', now() - interval '23 hours'
    from generate_series(1, ${clicks}::integer) n
  `
  await sql`
    with added as (
      insert into promo_webhooks (url, secret, events)
      select ${`${url}/hook`}, ${`whsec_${Buffer.alloc(32, 7).toString('base64')}`}, '{tracking.degraded}'
      from generate_series(1, ${webhooks}::integer)
      returning id
    )
    insert into promo_outbox (target, body, created_at, due_at)
    select 'webhook:' || id, jsonb_build_object('id', 'waits-' || id || '-' || n, 'type', 'tracking.degraded',
      'version', 1,
      'timestamp', now(), 'data', jsonb_build_object('reason', 'journal', 'since', now())),
      now() - interval '23 hours', now() - interval '23 hours'
    from added, generate_series(1, ${messages}::integer) n
  `
}

const tracked = Buffer.from(
  'GET /nocodemba?promo_var=42 HTTP/1.1\r\nhost: localhost\r\nuser-agent: Mozilla/5.0 (iPhone; CPU ' +
    'iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15\r\naccept: */*\r\n\r\n',
)
/** Unknown words, which are looked up in Strapi one by one. */
const unknown = (n: number) => `GET /nobody-${n} HTTP/1.1\r\nhost: localhost\r\n\r\n`

const readHealth = (site: SiteProcess) =>
  fetch(`${site.url}/api/v1/promo/health`).then((answer) => answer.json())

async function load(side: Side, site: SiteProcess, duration: number) {
  const over = new AbortController()
  const strangers = runLoad({
    url: site.url,
    connections: 2,
    signal: over.signal,
    pause: 50,
    request: unknown,
  })
  const result = await runLoad({ url: site.url, connections, seconds: duration, request: () => tracked })
  over.abort()
  await strangers
  side.answered += result.statuses[307] ?? 0
  side.refused += result.failures + result.answered - (result.statuses[307] ?? 0)
  while ((await readHealth(site)).journal.depth > 0) await sleep(50)
  return result
}

/** The health's reasons, and the fault of each neighbour. */
async function describeHealth(site: SiteProcess): Promise<string> {
  const { reasons = [], ...parts } = await readHealth(site)
  const faults = ['strapi', 'strapi_offers', 'matomo', 'mautic', 'webhooks'].map(
    (part) => `${part} ${parts[part]?.fault}`,
  )
  return `reasons: ${reasons.join(', ') || 'none'}; faults: ${faults.join(', ')}`
}

type Memory = Awaited<ReturnType<typeof memoryOf>>
type Turn = {
  way: Way
  ratios: number[]
  p99: [number, number]
  /** Of both sides, at the first pair and at the last one. */
  memory: { first: Memory; last: Memory }[]
}
const turns: Turn[] = []
const described: string[] = []
for (const [index, way] of ways.entries()) {
  await become('well')
  const sites = { without: await without.start(), beside: await beside.start() }
  while ((await readHealth(sites.beside)).strapi.links !== 1) await sleep(50)
  const before = { ...neighbours.asked }
  await become(way)
  await fillOutbox(beside.sql, index)
  await load(without, sites.without, warmUp)
  await load(beside, sites.beside, warmUp)
  const first = await Promise.all([sites.without, sites.beside].map(memoryOf))
  const p99: [number, number][] = []
  for (let pair = 0; pair < pairs; pair += 1) {
    const measure = async (side: Side, site: SiteProcess, other: SiteProcess) => {
      other.process.kill('SIGSTOP')
      const result = await load(side, site, seconds)
      other.process.kill('SIGCONT')
      return result.p99 / 1000
    }
    const ofBeside = () => measure(beside, sites.beside, sites.without)
    // Who comes first takes turns, so that nothing that grows or shrinks with time falls on one of them.
    const early = pair % 2 === 1 ? await ofBeside() : undefined
    const other = await measure(without, sites.without, sites.beside)
    p99.push([other, early ?? (await ofBeside())])
  }
  const last = await Promise.all([sites.without, sites.beside].map(memoryOf))
  // Health has these as reasons when they have failed for a while.
  if (way === 'gone') while ((await readHealth(sites.beside)).reasons?.length !== 4) await sleep(1000)
  await become(way)
  const asked = Object.entries(neighbours.asked).map(
    ([kind, count]) => `${kind} ${count - (before[kind] ?? 0)}`,
  )
  described.push(`${way}: ${await describeHealth(sites.beside)}; asked: ${asked.join(', ')}`)
  turns.push({
    way,
    ratios: p99.map(([one, other]) => other / one),
    p99: [median(p99.map(([one]) => one)), median(p99.map(([, other]) => other))],
    memory: first.flatMap((one, side) =>
      last.slice(side, side + 1).map((other) => ({ first: one, last: other })),
    ),
  })
  await sites.without.stop()
  await sites.beside.stop()
}

// A day later they work again: all that waits is sent.
await become('well')
const site = await beside.start()
for (;;) {
  await beside.sql`update promo_outbox set due_at = created_at where due_at > now() and attempts > 0
    and refused is not null`
  const [left] = await beside.sql`select count(*)::integer as count from promo_outbox`
  if (left?.count === 0) break
  await sleep(500)
}
await site.stop()
await become('well')
const found = await Promise.all(
  [without, beside].map(
    async ({ sql }) => (await sql`select count(*)::integer as clicks from promo_click_tracking`)[0]?.clicks,
  ),
)
await Promise.all([admin, without.sql, beside.sql].map((sql) => sql.end()))
await server.remove()
for (const { dataDir } of [without, beside]) removeDataDir(dataDir)
neighbour.disconnect()

const all = turns.flatMap(({ ratios }) => ratios).toSorted((one, other) => one - other)
const quantile = (share: number) => all[Math.floor(share * (all.length - 1))] ?? Number.NaN
const range = (from: number, to: number, digits: number) => `${from.toFixed(digits)}–${to.toFixed(digits)}`
console.log(
  table([
    [
      'neighbours',
      'p99 ms without',
      'beside',
      'ratio',
      'of',
      'RSS MB without',
      'beside',
      'heap MB without',
      'beside',
    ],
    ...turns.map(({ way, ratios, p99, memory }) => [
      way,
      ...p99.map((one) => one.toFixed(2)),
      median(ratios).toFixed(2),
      range(Math.min(...ratios), Math.max(...ratios), 2),
      ...memory.map(({ first, last }) => range(first.rss, last.rss, 0)),
      ...memory.map(({ first, last }) => range(first.heap, last.heap, 0)),
    ]),
  ]),
)
console.log(`\n${described.join('\n')}\n`)
const refused = without.refused + beside.refused
console.log(
  `${without.answered} and ${beside.answered} clicks answered, ${found.join(' and ')} found; ` +
    `${refused} requests not answered with 307; quarters of all ratios ${quantile(0.25).toFixed(2)} ` +
    `and ${quantile(0.75).toFixed(2)}\n`,
)
const told =
  new Set(neighbours.messages.filter((id) => id.startsWith('waits-'))).size + new Set(neighbours.clicks).size
const waited = (clicks + webhooks * messages) * ways.length
process.exitCode = judge([
  { name: 'p99 beside bad neighbours against without', value: median(all), most: 1.1 },
  ...turns.flatMap(({ way, memory: [, beside] }) =>
    (['heap', 'rss'] as const).map((kind) => ({
      name: `${kind}, ${way}: last against first`,
      value: (beside?.last[kind] ?? Number.NaN) / (beside?.first[kind] ?? Number.NaN),
      most: 1.2,
    })),
  ),
  {
    name: 'clicks found of clicks answered',
    value: found.reduce((sum, one) => sum + one, 0) / (without.answered + beside.answered),
    least: 1,
    most: 1,
  },
  { name: 'requests not answered', value: refused, least: 0, most: 0 },
  { name: 'what was told of what waited', value: told / waited, least: 1, most: 1 },
])
