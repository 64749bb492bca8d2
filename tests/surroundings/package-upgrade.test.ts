import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { buildIn, writeAstroSite } from '../support/astro-site.ts'
import { createTestDatabase, findDrift, insertPromos, type TestDatabase } from '../support/database.ts'
import { processEnvironment } from '../support/environment.ts'
import { makeDataDir, removeDataDir, startSiteProcess } from '../support/site.ts'

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

/** Puts a package in the place of the one that the site has, and builds the site. */
async function install(tarball: string): Promise<void> {
  const place = join(site, 'node_modules/promo-tracking')
  rmSync(place, { recursive: true, force: true })
  mkdirSync(place)
  execFileSync('tar', ['-xzf', tarball, '-C', place, '--strip-components=1'])
  await buildIn(site)
}

/** Starts the site and clicks until so many clicks are in the database. */
async function clickThrough(clicks: number, ends: 'stop' | 'kill'): Promise<void> {
  const running = await startSiteProcess(
    { DATABASE_URL: database.url, PROMO_DATA_DIR: dataDir },
    join(site, 'dist/server/entry.mjs'),
  )
  const click = async () =>
    (await fetch(`${running.url}/nocodemba?promo_var=42`, { redirect: 'manual' })).status
  const [found] = await database.sql`select to_regclass('promo_offers') is not null as made`
  expect(found).toEqual({ made: true })
  if (clicks === 5) await insertPromos(database.sql)
  await expect.poll(click, { timeout: 20_000 }).toBe(307)
  for (let index = 1; index < 5; index += 1) expect(await click()).toBe(307)
  await running[ends]()
}

test.skipIf(earlier === undefined)(
  'a site with an earlier package, killed with a journal, continues with the current one',
  async () => {
    const archive = execFileSync('git', ['archive', `${earlier}`], { maxBuffer: 2 ** 30 })
    execFileSync('tar', ['-x', '-C', checkout], { input: archive })
    symlinkSync(resolve('node_modules'), join(checkout, 'node_modules'))
    await install(pack(checkout))
    await clickThrough(5, 'kill')
    await install(pack(resolve('.')))
    await clickThrough(10, 'stop')
    const counted = async () =>
      (await database.sql`select count(*)::integer as clicks from promo_click_tracking`)[0]?.clicks
    await expect.poll(counted, { timeout: 90_000, interval: 500 }).toBeGreaterThanOrEqual(10)
    expect(await findDrift(database.sql)).toEqual([])
  },
  300_000,
)
