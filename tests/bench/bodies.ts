/**
 * Redirects while somebody sends bodies that never end, forms of 1 MB one after another, or both, against the same site
 * when nobody does: medians of interleaved rounds, in one run. The caller takes the machine's time from the site, too,
 * so the same caller also attacks a bare server beside the site. `npm run bench:bodies` (after `npm run build`).
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import postgres from 'postgres'
import { migrate } from '../../src/lib/database/migrate.ts'
import { insertPromos } from '../support/database.ts'
import { runLoad } from '../support/load.ts'
import { startTestServer } from '../support/postgres-server.ts'
import { makeDataDir, removeDataDir, startSiteProcess } from '../support/site.ts'
import { wholeNumber } from '../support/whole-number.ts'
import { judge, median, table } from './measure.ts'

const rounds = wholeNumber(process.argv[2] ?? '5', 'ROUNDS')

type Attack = {
  name: string
  /** Of `tests/support/flood-bodies.ts`: large forms at a time, unfinished bodies, milliseconds between forms. */
  args: [string, string, string]
  /** How long redirects are measured, from the attack's first connections on. */
  seconds: number
  rounds: { idle: number; beside: number; attacked: number }[]
}
const attacks: Attack[] = [
  { name: 'none', args: ['0', '0', '0'], seconds: 2, rounds: [] },
  { name: '200 bodies that never end', args: ['0', '200', '0'], seconds: 2, rounds: [] },
  { name: '2,000 bodies that never end', args: ['0', '2000', '0'], seconds: 2, rounds: [] },
  { name: 'the same for 8 seconds', args: ['0', '2000', '0'], seconds: 8, rounds: [] },
  { name: '4 forms of 1 MB at a time', args: ['4', '0', '20'], seconds: 2, rounds: [] },
  { name: 'both', args: ['4', '200', '20'], seconds: 2, rounds: [] },
]

const database = await startTestServer()
const sql = postgres(database.url, { max: 1, onnotice: () => {} })
await migrate(sql)
await insertPromos(sql)
await sql.end()
const folder = makeDataDir()
const site = await startSiteProcess({
  DATABASE_URL: database.url,
  PROMO_DATA_DIR: folder,
  PROMO_FLOOD_PER_MINUTE: '1000000000',
})
const bare = await startSiteProcess({ PROMO_DATA_DIR: '' }, 'tests/bench/bare-server.ts')

const request = () => 'GET /nocodemba?promo_var=42 HTTP/1.1\r\nHost: localhost\r\n\r\n'
const redirects = (seconds = 2) => runLoad({ url: site.url, connections: 4, seconds, pause: 2, request })

let failures = 0
async function p99During({ args, seconds }: Attack, target: string): Promise<number> {
  const flood = spawn(process.execPath, ['tests/support/flood-bodies.ts', target, ...args])
  const ended = once(flood, 'exit')
  await once(flood.stdout, 'data')
  const result = await redirects(seconds)
  flood.kill()
  await ended
  // The attacked server has connections to close, which must not be counted on what comes next.
  await sleep(1_000)
  failures += result.failures
  return result.p99
}

await redirects()
for (let round = 0; round < rounds; round += 1) {
  for (const attack of attacks) {
    const idle = await redirects()
    failures += idle.failures
    const beside = await p99During(attack, bare.url)
    const attacked = await p99During(attack, site.url)
    attack.rounds.push({ idle: idle.p99, beside, attacked })
  }
}
await site.stop()
await bare.kill()
await database.remove()
removeDataDir(folder)

const figures = attacks.map(({ name, rounds }) => {
  const ofRounds = (pick: (round: Attack['rounds'][number]) => number) => median(rounds.map(pick))
  return {
    name,
    p99: ofRounds(({ attacked }) => attacked / 1000),
    attacked: ofRounds(({ attacked, idle }) => attacked / idle),
    beside: ofRounds(({ beside, idle }) => beside / idle),
    against: ofRounds(({ attacked, beside }) => attacked / beside),
  }
})
console.log(
  table([
    ['redirects while there are', 'p99 ms', 'against idle', 'with the bare server attacked', 'ratio of both'],
    ...figures.map(({ name, ...numbers }) => [
      name,
      ...[numbers.p99, numbers.attacked, numbers.beside, numbers.against].map((value) => value.toFixed(2)),
    ]),
  ]),
)
process.exitCode = judge([
  ...figures.map(({ name, attacked }) => ({ name, value: attacked, most: 2 })),
  { name: 'redirects that failed', value: failures, most: 0 },
])
