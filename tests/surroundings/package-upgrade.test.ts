import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { untilDrained } from '../crash/fixture.ts'
import { createLedger, expectExactlyOnce, type Ledger } from '../crash/ledger.ts'
import { buildIn, writeAstroSite } from '../support/astro-site.ts'
import { createTestDatabase, findDrift, insertPromos, type TestDatabase } from '../support/database.ts'
import { processEnvironment } from '../support/environment.ts'
import { makeDataDir, removeDataDir, type SiteProcess, startSiteProcess } from '../support/site.ts'
import { waitUntil } from '../support/wait.ts'

const program = 'src/packaging/make-package.ts'

/** The first version that made a package; `undefined` where there is no history. */
function firstWithPackage(): string | undefined {
  try {
    const log = ['log', '--reverse', '--diff-filter=A', '--format=%H', '--', program]
    return execFileSync('git', log, { encoding: 'utf8' }).split('\n').find(Boolean)
  } catch {
    return undefined
  }
}

const earlier = firstWithPackage()

/** Makes the package of the version in a folder, and answers where it is. */
function pack(folder: string): string {
  const env = { ...processEnvironment, HOME: checkout, ASTRO_TELEMETRY_DISABLED: '1' }
  const run = (...args: string[]) =>
    execFileSync(process.execPath, args, { cwd: folder, env, encoding: 'utf8' })
  run('node_modules/astro/bin/astro.mjs', 'build', '--silent', '--config', 'src/pages.config.mjs')
  const [path = ''] = run(program).split('  ')
  return path
}

let database: TestDatabase
const dataDir = makeDataDir()
const checkout = mkdtempSync(join(tmpdir(), 'promo-earlier-'))
const site = writeAstroSite({})
beforeAll(async () => {
  database = await createTestDatabase({ empty: true })
})
afterAll(async () => {
  await database?.drop()
  removeDataDir(dataDir)
  for (const folder of [checkout, site]) rmSync(folder, { recursive: true, force: true })
})

/** Replaces the package of the site, and builds the site. */
async function install(tarball: string): Promise<void> {
  const place = join(site, 'node_modules/promo-tracking')
  rmSync(place, { recursive: true, force: true })
  mkdirSync(place)
  execFileSync('tar', ['-xzf', tarball, '-C', place, '--strip-components=1'])
  await buildIn(site)
}

const start = () =>
  startSiteProcess(
    { DATABASE_URL: database.url, PROMO_DATA_DIR: dataDir, PROMO_FLOOD_PER_MINUTE: '1000000000' },
    join(site, 'dist/server/entry.mjs'),
  )

/** Visits and reports until a few hundred more are answered; the site ends under them. */
async function loadUntil(running: SiteProcess, ledger: Ledger, ends: 'stop' | 'kill'): Promise<void> {
  const load = new AbortController()
  const before = ledger.answered.size
  const runs = (['visit', 'report', 'impression'] as const).map((kind) =>
    ledger.load(kind, { url: running.url, connections: 2, signal: load.signal, requests: 3_000 }),
  )
  await waitUntil(() => ledger.answered.size > before + 300, 1)
  await running[ends]()
  load.abort()
  await Promise.all(runs)
}

test.skipIf(earlier === undefined)(
  'a site with an earlier package, killed with a journal, continues with the current one',
  async () => {
    const archive = execFileSync('git', ['archive', `${earlier}`], { maxBuffer: 2 ** 30 })
    execFileSync('tar', ['-x', '-C', checkout], { input: archive })
    symlinkSync(resolve('node_modules'), join(checkout, 'node_modules'))
    await install(pack(checkout))
    const ledger = createLedger()
    const former = await start()
    await waitUntil(
      async () => (await database.sql`select to_regclass('promo_offers') is not null as made`)[0]?.made,
    )
    await insertPromos(database.sql)
    await loadUntil(former, ledger, 'kill')
    await install(pack(resolve('.')))
    await loadUntil(await start(), ledger, 'stop')
    const current = await start()
    await untilDrained(current)
    await current.stop()
    await expectExactlyOnce(database.sql, ledger)
    expect(await findDrift(database.sql)).toEqual([])
  },
)
