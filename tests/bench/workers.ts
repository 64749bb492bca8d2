/**
 * Recorded redirects a second of one process against two workers, and what share of the processors site and load client
 * had: medians of interleaved rounds. `npm run bench:workers`.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import postgres from 'postgres'
import { migrate } from '../../src/lib/database/migrate.ts'
import { insertPromos } from '../support/database.ts'
import { runLoad } from '../support/load.ts'
import { startTestServer } from '../support/postgres-server.ts'
import { makeDataDir, removeDataDir, type SiteProcess, startSiteProcess } from '../support/site.ts'
import { wholeNumber } from '../support/whole-number.ts'
import { median, table } from './measure.ts'

const rounds = wholeNumber(process.argv[2] ?? '5', 'ROUNDS')
const seconds = 3
const connections = 64
const ticksPerSecond = 100

const bytes = Buffer.from(
  'GET /nocodemba?promo_var=42 HTTP/1.1\r\nhost: localhost\r\naccept: */*\r\n' +
    'user-agent: Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15\r\n\r\n',
)

const database = await startTestServer({ fsync: true })
const sql = postgres(database.url, { max: 1, onnotice: () => {} })
await migrate(sql)
await insertPromos(sql)

const ways = [1, 2].map((workers) => ({ workers, folder: makeDataDir(), rounds: [] as Round[] }))
type Round = { perSecond: number; p99: number; site: number; client: number; busy: number }
const sites: SiteProcess[] = []
for (const { workers, folder } of ways) {
  const site = await startSiteProcess({
    DATABASE_URL: database.url,
    PROMO_DATA_DIR: folder,
    PROMO_FLOOD_PER_MINUTE: '1000000000',
    PROMO_WORKERS: String(workers),
  })
  while (site.log.filter((line) => line.includes('"listening"')).length < workers) await sleep(100)
  sites.push(site)
}

/** The fields of /proc/PID/stat behind the name. */
const statOf = (pid: string): string[] => {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    return stat.slice(stat.lastIndexOf(') ') + 2).split(' ')
  } catch {
    return []
  }
}

/** Seconds of processor time of a process and its children. */
function secondsOf(pid: number): number {
  const family = readdirSync('/proc').filter((name) => /^\d+$/.test(name))
  const own = family.filter((name) => name === String(pid) || statOf(name)[1] === String(pid))
  const ticks = own.map(statOf).map((stat) => Number(stat[11] ?? 0) + Number(stat[12] ?? 0))
  return ticks.reduce((sum, one) => sum + one, 0) / ticksPerSecond
}

/** Seconds of processor time of the whole machine. */
function machineSeconds(): number {
  const [, user = 0, nice = 0, system = 0] = readFileSync('/proc/stat', 'utf8').split(/\s+/).map(Number)
  return (user + nice + system) / ticksPerSecond
}

let answered = 0
/** One way's work is not to be counted on the other's time. */
async function untilRecorded(): Promise<void> {
  for (;;) {
    const [row] = await sql`select count(*)::integer as clicks from promo_click_tracking`
    if (row?.clicks === answered) return
    await sleep(100)
  }
}

for (const site of sites)
  answered += (await runLoad({ url: site.url, connections, seconds: 2, request: () => bytes })).answered
await untilRecorded()
for (let round = 0; round < rounds; round += 1) {
  for (const [index, way] of ways.entries()) {
    const site = sites[index]
    if (!site) continue
    const pid = site.process.pid ?? 0
    const before = {
      site: secondsOf(pid),
      client: process.cpuUsage(),
      busy: machineSeconds(),
      at: performance.now(),
    }
    const load = await runLoad({ url: site.url, connections, seconds, request: () => bytes })
    answered += load.answered
    const { perSecond, p99 } = load
    const took = (performance.now() - before.at) / 1000
    const { user, system } = process.cpuUsage(before.client)
    way.rounds.push({
      perSecond,
      p99,
      site: (secondsOf(pid) - before.site) / took,
      client: (user + system) / 1e6 / took,
      busy: (machineSeconds() - before.busy) / took,
    })
    await untilRecorded()
  }
}
for (const site of sites) await site.stop()
await sql.end()
await database.remove()
for (const { folder } of ways) removeDataDir(folder)

const figures = ways.map(({ workers, rounds: all }) => {
  const of = (pick: (round: Round) => number) => median(all.map(pick))
  return [
    String(workers),
    of(({ perSecond }) => perSecond).toFixed(0),
    (of(({ p99 }) => p99) / 1000).toFixed(1),
    of(({ site }) => site).toFixed(2),
    of(({ client }) => client).toFixed(2),
    of(({ busy }) => busy).toFixed(2),
  ]
})
console.log(`${availableParallelism()} cores, ${connections} connections, ${rounds} rounds of ${seconds} s\n`)
console.log(
  table([
    ['workers', 'redirects/s', 'p99 ms', 'cores: site', 'cores: client', 'cores: whole machine'],
    ...figures,
  ]),
)
