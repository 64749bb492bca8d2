/**
 * Redirects while somebody sends bodies that never end, forms of 1 MB one after another, or both, against the same site
 * when nobody does: medians of interleaved rounds, in one run. `npm run bench:bodies` (after `npm run build`).
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import postgres from 'postgres'
import { migrate } from '../../src/lib/database/migrate.ts'
import { insertPromos } from '../support/database.ts'
import { runLoad } from '../support/load.ts'
import { startTestServer } from '../support/postgres-server.ts'
import { makeDataDir, removeDataDir, startSiteProcess } from '../support/site.ts'
import { judge, median, table } from './measure.ts'

const rounds = Number(process.argv[2] ?? 7)
const seconds = 2

/**
 * The arguments of `tests/support/flood-bodies.ts`: large forms at a time, unfinished bodies, and milliseconds
 * between forms.
 */
const attacks: { name: string; args: [string, string, string]; p99: number[]; ratios: number[] }[] = [
  { name: '200 bodies that never end', args: ['0', '200', '0'], p99: [], ratios: [] },
  { name: '2,000 bodies that never end', args: ['0', '2000', '0'], p99: [], ratios: [] },
  { name: '4 forms of 1 MB at a time', args: ['4', '0', '20'], p99: [], ratios: [] },
  { name: 'both', args: ['4', '200', '20'], p99: [], ratios: [] },
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

const request = () => 'GET /nocodemba?promo_var=42 HTTP/1.1\r\nHost: localhost\r\n\r\n'
const redirects = () => runLoad({ url: site.url, connections: 4, seconds, pause: 2, request })

const idle: number[] = []
let failures = 0
await redirects()
for (let round = 0; round < rounds; round += 1) {
  for (const { args, p99, ratios } of attacks) {
    const before = await redirects()
    const flood = spawn(process.execPath, ['tests/support/flood-bodies.ts', site.url, ...args])
    await once(flood.stdout, 'data')
    const attacked = await redirects()
    flood.kill()
    await once(flood, 'exit')
    idle.push(before.p99)
    p99.push(attacked.p99)
    ratios.push(attacked.p99 / before.p99)
    failures += before.failures + attacked.failures
  }
}
await site.stop()
await database.remove()
removeDataDir(folder)

const milliseconds = (values: readonly number[]) => (median(values) / 1000).toFixed(2)
console.log(
  table([
    ['redirects while there are', 'p99 ms', 'against idle'],
    ['none', milliseconds(idle), '1.00'],
    ...attacks.map(({ name, p99, ratios }) => [name, milliseconds(p99), median(ratios).toFixed(2)]),
  ]),
)
process.exitCode = judge([
  ...attacks.map(({ name, ratios }) => ({ name, value: median(ratios), most: 2 })),
  { name: 'redirects that failed', value: failures, most: 0 },
])
