import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { parseQuery } from '../../src/lib/reports/query.ts'
import { listCandidates } from '../../src/lib/store/offers.ts'
import { readReportParts } from '../../src/lib/store/reports.ts'
import { createTestDatabase, findDrift } from '../support/database.ts'
import { processEnvironment } from '../support/environment.ts'
import { patientDatabase } from '../support/patient-database.ts'
import { settleAll } from '../support/settled.ts'
import { type RunningSite, runSite } from './running-site.ts'

let running: RunningSite
/** A site where no self-test was made, which the next one would have to keep its distance from. */
let fresh: RunningSite

beforeAll(async () => {
  const settings = { PROMO_TRUSTED_PROXIES: '127.0.0.1' }
  ;[running, fresh] = await Promise.all([runSite(settings), runSite(settings)])
})
afterAll(() => Promise.all([running?.end(), fresh?.end()]))

/** Runs the command beside a site, by default with the site's settings. */
async function selfTest(
  settings: Record<string, string> = {},
  { site, database, url = site.url, wait = '15' }: typeof running & { url?: string; wait?: string } = running,
) {
  const parameters = ['selftest', '--url', url, '--wait', wait]
  const child = spawn(process.execPath, ['src/cli/promo.ts', ...parameters], {
    env: {
      ...processEnvironment,
      DATABASE_URL: database.url,
      PROMO_DATA_DIR: site.dataDir,
      PROMO_TRUSTED_PROXIES: '127.0.0.1',
      ...settings,
    },
  })
  const [out, err] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')])
  return { code: child.exitCode, out, err }
}

const report = async () => {
  const sections = ['variations', 'heatmap', 'reasons'].map((name) => [`include_${name}`, 'true'])
  const parameters = new URLSearchParams([['days', 'all'], ...sections])
  const query = parseQuery(parameters, Date.now())
  if (!query.ok) throw new Error(JSON.stringify(query.fault))
  const [part] = await readReportParts(running.database.sql, query.value)
  return { ...part?.report, settled_until: undefined }
}

test('every case has the expected verdict, and reports and selection ignore it', async () => {
  const { sql } = running.database
  const before = await report()
  const { code, out, err } = await selfTest()
  expect(`${out}${err}`).not.toContain('FAILED')
  expect({ code, err }).toEqual({ code: 0, err: '' })
  expect(out).toContain('ok      HEAD request')
  expect(out).toMatch(/scanner network +at once machine scanner_network, finally machine scanner_network/)
  expect(out).toMatch(/burst of links, first +at once human none, finally human many_links/)
  expect(out).toContain('16 cases, all as expected')

  // What it said of the final verdicts is what settling gives.
  const database = patientDatabase(() => running.database.url)
  expect(await settleAll(database)).toBe(15)
  await database.close()
  const rows = await sql`
    select concat(verdict, ' ', reason) as told, count(*)::integer as clicks from promo_click_tracking group by 1
    order by 1
  `
  expect(Object.fromEntries(rows.map(({ told, clicks }) => [told, clicks]))).toEqual({
    'duplicate repeated': 1,
    'human many_links': 3,
    'human none': 2,
    'human stale_user_agent': 1,
    'machine mail_gateway': 1,
    'machine no_user_agent+many_links': 3,
    'machine not_navigation': 1,
    'machine prefetch': 1,
    'machine scanner_network': 1,
    'machine self_declared': 1,
  })
  expect(await findDrift(sql)).toEqual([])
  expect(await report()).toEqual(before)
  await sql`update promo_offers set active = true, weight = 100 where offer_type = 'self_test'`
  await sql`update promo_text_variations set approved = true`
  const slugs = (await listCandidates(sql, true)).map(({ link_slug }) => link_slug)
  expect(slugs).toEqual(['nocodemba', 'quietdesk'])
  expect((await report()).offers).toEqual(before.offers)
})

test('a second self-test passes, too, and an unexpected verdict is named, with exit code 1', async () => {
  const [again, wrong] = await Promise.all([selfTest(), selfTest({ PROMO_DUPLICATE_SECONDS: '0' }, fresh)])
  expect(again.out).toMatch(/^waiting \d+ seconds.*16 cases, all as expected\n$/s)
  const { code, out, err } = wrong
  expect(code).toBe(1)
  expect(out.replaceAll(/ +/g, ' ')).toContain(
    'FAILED the same person again at once human none, finally human none; ' +
      'found: at once duplicate repeated, finally human none',
  )
  expect(err).toContain('1 of 16 cases are not as expected')
  expect(err).toContain('compare the settings here with the site’s')
})

test('a self-test that cannot run says why, with exit code 1', async () => {
  const other = await createTestDatabase()
  const answers = await Promise.all([
    selfTest({}, { ...fresh, url: 'http://127.0.0.1:9' }),
    selfTest({ PROMO_FLOOD_PER_MINUTE: '5' }),
    selfTest({ PROMO_DUPLICATE_SECONDS: '3600' }),
    selfTest({ DATABASE_URL: other.url }, { ...fresh, wait: '1' }),
  ])
  await other.drop()
  expect(answers.map(({ code }) => code)).toEqual([1, 1, 1, 1])
  const [silent, flood, soon, elsewhere] = answers
  expect(silent?.err).toMatch(/does not answer at http:\/\/127\.0\.0\.1:9 .*start it/)
  expect(flood?.err).toMatch(/PROMO_FLOOD_PER_MINUTE is 5/)
  expect(soon?.err).toMatch(/try again in \d+ seconds/)
  expect(elsewhere?.err).toMatch(
    /none of the clicks reached the database .* in 1 seconds: it uses another database/,
  )
})
