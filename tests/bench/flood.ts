/**
 * What one address adds to the database by clicking as fast as it can, as a browser and as a program, with user
 * agents and referrers that are new each time; against the same where clicks are not added up. `npm run
 * bench:flood` (after `npm run build`); another number of seconds can be given.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import postgres from 'postgres'
import { migrate } from '../../src/lib/database/migrate.ts'
import { insertPromos } from '../support/database.ts'
import { databaseUrl } from '../support/global-setup.ts'
import { runLoad } from '../support/load.ts'
import { startTestServer } from '../support/postgres-server.ts'
import { makeDataDir, removeDataDir, startSiteProcess } from '../support/site.ts'
import { wholeNumber } from '../support/whole-number.ts'
import { judge, table } from './measure.ts'

const seconds = wholeNumber(process.argv[2] ?? '30', 'SECONDS')
const connections = 32

const agents = {
  browser: (n: number) => `Mozilla/5.0 (X11; Linux x86_64; rv:${n}.0) Gecko/20100101 Firefox/${n}.0`,
  program: (n: number) => `curl/8.5.${n}`,
}
type Caller = keyof typeof agents

const server = await startTestServer({ fsync: true })
const admin = postgres(server.url, { max: 1, onnotice: () => {} })

type Flood = { clicks: number; perSecond: number; bytes: number; rows: number; counts: number }

async function flood(caller: Caller, limit: number): Promise<Flood> {
  const name = `flood_${caller}_${limit}`
  await admin`create database ${admin(name)}`
  const url = databaseUrl(server.url, name)
  const sql = postgres(url, { max: 1, onnotice: () => {} })
  await migrate(sql)
  await insertPromos(sql)
  const folder = makeDataDir()
  const site = await startSiteProcess({
    DATABASE_URL: url,
    PROMO_DATA_DIR: folder,
    PROMO_FLOOD_PER_MINUTE: String(limit),
  })
  const size = async () =>
    Number((await sql`select pg_database_size(current_database())::float8 as bytes`)[0]?.bytes)
  const before = await size()
  const load = await runLoad({
    url: site.url,
    connections,
    seconds,
    request: (n) =>
      `GET /nocodemba?promo_var=${42 + (n % 3)} HTTP/1.1\r\nHost: site.test\r\nUser-Agent: ` +
      `${agents[caller](n)}\r\nReferer: https://h${n}.example/\r\n\r\n`,
  })
  while ((await waiting(site.url)) > 0) await sleep(200)
  const bytes = (await size()) - before
  const [found] = await sql<{ clicks: number; rows: number; counts: number }[]>`
    select (select sum(clicks) from promo_text_variations)::integer as clicks,
      (select count(*) from promo_click_tracking)::integer as rows,
      (select count(*) from promo_surplus_clicks)::integer as counts
  `
  await site.stop()
  await sql.end()
  removeDataDir(folder)
  const { clicks = 0, rows = 0, counts = 0 } = found ?? {}
  if (clicks < load.answered)
    throw new Error(`${load.answered} clicks were answered and ${clicks} are counted`)
  return { clicks, perSecond: load.perSecond, bytes, rows, counts }
}

async function waiting(url: string): Promise<number> {
  const health = await (await fetch(`${url}/api/v1/promo/health`)).json()
  return Number(health.journal.depth)
}

const runs: (Flood & { caller: Caller; limit: number })[] = []
for (const caller of ['browser', 'program'] as const) {
  for (const limit of [120, 1_000_000_000]) runs.push({ caller, limit, ...(await flood(caller, limit)) })
}
await admin.end()
await server.remove()

const megabytes = (bytes: number) => bytes / 1_048_576
console.log(
  table([
    ['clicks by a', 'limit a minute', 'clicks', 'clicks/s', 'rows', 'counts', 'MiB'],
    ...runs.map(({ caller, limit, clicks, perSecond, rows, counts, bytes }) => [
      caller,
      String(limit),
      String(clicks),
      perSecond.toFixed(0),
      String(rows),
      String(counts),
      megabytes(bytes).toFixed(1),
    ]),
  ]),
)
process.exitCode = judge(
  runs
    .filter(({ limit }) => limit === 120)
    .map(({ caller, bytes }) => ({
      name: `MiB that a ${caller} adds in ${seconds} s`,
      value: megabytes(bytes),
      most: 3,
    })),
)
