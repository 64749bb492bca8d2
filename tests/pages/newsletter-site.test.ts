import { execFile, spawnSync } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import postgres from 'postgres'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { migrate } from '../../src/lib/database/migrate.ts'
import { findDrift, insertPromos } from '../support/database.ts'
import { startTestServer } from '../support/postgres-server.ts'
import { makeDataDir, removeDataDir, type SiteProcess, startSiteProcess } from '../support/site.ts'
import { startDocumentedProxy } from './documented-proxy.ts'
import { type RunningSite, runSite } from './running-site.ts'

const hasPython = spawnSync('python3', ['--version']).status === 0
const title = hasPython
  ? 'the newsletter script and the site'
  : 'the newsletter script and the site (skipped: python3 is not installed)'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'newsletter-site-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

/** Runs the script as its own process. */
async function write(site: SiteProcess, sendId: string, options: string[] = []) {
  const out = join(folder, sendId)
  const proxy = await startDocumentedProxy(site)
  const started = performance.now()
  const script = [
    'src/clients/python/newsletter.py',
    '--api',
    `${proxy.url}/api/v1/promo`,
    '--out',
    out,
    '--send-id',
    sendId,
    ...options,
  ]
  const [code, log] = await new Promise<[number, string]>((done) => {
    const child = execFile('python3', script, (_, __, stderr) => done([child.exitCode ?? -1, stderr]))
  })
  await proxy.end()
  const html = await readFile(join(out, 'newsletter.html'), 'utf8').catch(() => '')
  return {
    code,
    log,
    html,
    variation: Number(/promo_var=(\d+)/.exec(html)?.[1]),
    seconds: (performance.now() - started) / 1000,
  }
}

describe.skipIf(!hasPython)(title, () => {
  describe('while everything works', () => {
    let running: RunningSite
    beforeAll(async () => {
      running = await runSite()
    })
    afterAll(() => running?.end())
    const impressions = (sendId: string) => running.database.sql`
      select variation_id, recipients from promo_impression_tracking where newsletter_send_id = ${sendId}
    `

    test('Test 8: Newsletter End-to-End: the script reports the promo that it has put in', async () => {
      const { code, log, variation } = await write(running.site, 'monday', ['--recipients', '1200'])
      expect([code, log]).toEqual([
        0,
        expect.stringContaining(`impression of variation ${variation} reported`),
      ])
      expect([...(await impressions('monday'))]).toEqual([{ variation_id: variation, recipients: 1200 }])
      const decided = await running.database
        .sql`select newsletter_send_id, variation_id, strategy, probability > 0 as possible from promo_decisions`
      expect([...decided]).toEqual([
        { newsletter_send_id: 'monday', variation_id: variation, strategy: 'weighted', possible: true },
      ])
    })

    test('the same send again has the same promo and counts once', async () => {
      const first = await write(running.site, 'tuesday', ['--recipients', '900'])
      const second = await write(running.site, 'tuesday', ['--recipients', '950'])
      expect([first.code, second.code, second.variation]).toEqual([0, 0, first.variation])
      expect([...(await impressions('tuesday'))]).toEqual([
        { variation_id: first.variation, recipients: 950 },
      ])
      expect(await findDrift(running.database.sql)).toEqual([])
    })

    test('the client’s commands report sends and sales', async () => {
      const proxy = await startDocumentedProxy(running.site)
      onTestFinished(proxy.end)
      const run = (command: string, options: string[]) =>
        promisify(execFile)('python3', [
          ...['-B', 'src/clients/python/promo_tracking/__init__.py', command],
          ...['--api', `${proxy.url}/api/v1/promo`, ...options],
        ])
      const { stdout } = await run('select', ['--send', 'friday'])
      const [promo] = JSON.parse(stdout)
      const text = ['--variation', String(promo.variation_id), '--send', 'friday']
      await run('report', [...text, '--offer', String(promo.offer_id), '--recipients', '7'])
      expect([...(await impressions('friday'))]).toEqual([
        { variation_id: promo.variation_id, recipients: 7 },
      ])
      const sale = ['--id', 'order-1042', '--amount', '12.50', '--currency', 'EUR', '--status', 'pending']
      await run('conversion', [...sale, ...text])
      const sold = await running.database.sql`
        select external_id, amount::text, currency, status, variation_id, newsletter_send_id from promo_conversions
      `
      expect([...sold]).toEqual([
        {
          ...{ external_id: 'order-1042', amount: '12.50', currency: 'EUR', status: 'pending' },
          ...{ variation_id: promo.variation_id, newsletter_send_id: 'friday' },
        },
      ])
      const other = ['--variation', promo.variation_id === 42 ? '43' : '42']
      await expect(run('conversion', [...sale, ...other])).rejects.toMatchObject({
        code: 1,
        stderr: expect.stringMatching(/^refused 409 /),
      })
    })

    test('each segment of a send has its own text, and counts with its recipients', async () => {
      const { code, log } = await write(running.site, 'thursday', ['--segments', '2', '--recipients', '901'])
      expect([code, log]).toEqual([0, expect.stringContaining('newsletter-2 written to')])
      const counted = [...(await impressions('thursday'))]
      expect(counted.map(({ recipients }) => recipients).sort()).toEqual([450, 451])
      expect(new Set(counted.map(({ variation_id }) => variation_id)).size).toBe(2)
      for (const { variation_id } of counted) expect(log).toContain(`(variation ${variation_id})`)
      expect(await findDrift(running.database.sql)).toEqual([])
    })
  })

  test('Test 10: Fail-Safe Behavior: the newsletter goes out in time while the database is down', async () => {
    const server = await startTestServer()
    const sql = postgres(server.url, { max: 1, onnotice: () => {} })
    await migrate(sql)
    await insertPromos(sql)
    await sql.end()
    const dataDir = makeDataDir()
    const site = await startSiteProcess({ DATABASE_URL: server.url, PROMO_DATA_DIR: dataDir })
    await server.stop()
    const { code, log, html, seconds } = await write(site, 'wednesday', ['--recipients', '1200'])
    expect([code, log]).toEqual([0, expect.stringContaining('no promo in this issue: 503')])
    expect(html).toContain('</html>')
    expect(seconds).toBeLessThan(40)
    await site.stop()
    await server.remove()
    removeDataDir(dataDir)
  })
})
