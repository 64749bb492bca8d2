import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { untilDrained } from '../crash/fixture.ts'
import { createLedger, expectExactlyOnce } from '../crash/ledger.ts'
import { askHost, type RawRequest } from '../pages/running-site.ts'
import { launchBrowser, personsUserAgent } from '../support/browser.ts'
import { emptyDatabase, findDrift, insertPromos } from '../support/database.ts'
import { expectDocumented } from '../support/documented.ts'
import { waitUntil } from '../support/wait.ts'
import { run } from './commands.ts'
import type { OpenSite } from './open-site.ts'
import { astro } from './process.ts'
import type { HostSite } from './sites.ts'
import { strangersPaths } from './strangers.ts'

/** The tests of every site that has the package; `commands` are those of Astro that are tried as well. */
export function describeSite(
  site: HostSite,
  open: () => Promise<OpenSite>,
  commands: readonly ('dev' | 'preview')[] = [],
): void {
  describe(`${site.name}: ${site.habit}`, () => {
    let opened: OpenSite
    beforeAll(async () => {
      opened = await open()
    })
    afterAll(() => opened?.close())

    const ask = async (path: string, sent: RawRequest = {}) => {
      const answer = await askHost(opened.running, `${site.base}${path}`, sent)
      expectDocumented({ method: sent.method ?? 'GET', path }, answer)
      return answer
    }
    /** The request of a person, each with a browser of its own. */
    const browser = (version: number) => ({
      headers: {
        'user-agent': `Mozilla/5.0 (X11; Linux x86_64; rv:140.${version}) Gecko/20100101 Firefox/140.${version}`,
      },
    })

    test('needs two commands and a line at most, and minutes', () => {
      const { commands, seconds } = opened.steps
      expect(commands.length).toBeLessThanOrEqual(2)
      expect(seconds).toBeLessThan(600)
    })

    test('answers as before', () => {
      expect(opened.after.answers).toEqual(opened.before.answers)
    })

    test('has the same files as before', () => {
      const { before, after } = opened
      const kept = Object.entries(after.output).filter(([path]) => path in before.output)
      expect(Object.fromEntries(kept)).toEqual(before.output)
      expect(Object.keys(after.output).filter((path) => !(path in before.output))).toEqual([])
    })

    test.runIf(site.checked)('has as many type errors as before', () => {
      const { before, after } = opened
      expect(before.checked).toContain('0 errors')
      expect(after.checked).toBe(before.checked)
    })

    test('redirects promo links, and records each click', async () => {
      const paths = ['/nocodemba', '/nocodemba/', '/NoCodeMBA', '//nocodemba', '/nocodemba).']
      for (const [n, path] of paths.entries()) {
        const { status, headers } = await ask(`${path}?promo_var=42`, browser(n))
        expect([path, status, headers.location]).toEqual([
          path,
          307,
          'https://merchant.example/course?ref=daily&utm_source=dailybrief',
        ])
      }
      await untilDrained(opened.running)
      const clicks = await opened.database
        .sql`select verdict, count(*)::integer from promo_click_tracking group by 1`
      expect([...clicks]).toEqual([{ verdict: 'human', count: 5 }])
    })

    test('gives the newsletter script a link, and counts what it reports', async () => {
      const local = { host: 'localhost' }
      const promo = await ask('/api/v1/promo/select-random?newsletter_send_id=monday', { headers: local })
      expect([promo.status, promo.body]).toEqual([
        200,
        expect.stringContaining(`"link":"${opened.running.url}/`),
      ])
      const reported = await ask('/api/v1/promo/track-impression', {
        method: 'POST',
        headers: { ...local, 'content-type': 'application/json' },
        body: JSON.stringify({
          offer_id: 4,
          variation_id: 42,
          newsletter_send_id: 'monday',
          recipients: 900,
        }),
      })
      expect([reported.status, reported.body]).toEqual([204, ''])
      const rows = await opened.database.sql`select recipients from promo_impression_tracking`
      expect([...rows]).toEqual([{ recipients: 900 }])
    })

    test('shows editors the analytics with their styles, scripts and files', async () => {
      const added = await run(opened.folder, `${opened.promo} editor add anna --generate`, opened.settings)
      const [, password = ''] = /password: (\S+)/.exec(added) ?? []
      const signedIn = await ask('/sign-in?next=%2Fanalytics', {
        method: 'POST',
        headers: {
          origin: opened.settings.SITE_URL ?? '',
          'content-type': 'application/x-www-form-urlencoded',
        },
        body: new URLSearchParams({ name: 'anna', password }).toString(),
      })
      expect([signedIn.status, signedIn.headers.location]).toEqual([303, `${site.base}/analytics`])
      const cookie = signedIn.headers['set-cookie']?.split(';')[0] ?? ''
      for (const path of ['/analytics', '/analytics/', '/analytics/offers/4', '/analytics/sends']) {
        const page = await ask(path, { headers: { cookie } })
        expect([path, page.status]).toEqual([path, 200])
        expect(page.body).toContain('No Code MBA')
        for (const address of addressesIn(page.body)) {
          const { status } = await askHost(opened.running, address, { headers: { cookie } })
          expect([path, address, status]).toEqual([path, address, 200])
        }
      }
    })

    test('shows them to nobody else', async () => {
      for (const path of strangersPaths(site.base)) {
        const { status, body } = await askHost(opened.running, path)
        expect([path, status, body.includes('No Code MBA')]).toEqual([path, expect.any(Number), false])
      }
      const page = await ask('/analytics')
      expect([page.status, page.headers.location]).toEqual([303, `${site.base}/sign-in?next=%2Fanalytics`])
      expect((await ask('/api/v1/promo/analytics?offer_id=4')).status).toBe(401)
    })

    test.runIf(site.base !== '')('passes the self-test, which finds its base', async () => {
      const settings = { ...opened.settings, HOST: '127.0.0.1', PORT: `${opened.port}` }
      expect(await run(opened.folder, `${opened.promo} selftest`, settings)).toContain('all as expected')
    })

    test('stops within ten seconds, with every click in the database', async () => {
      const answered = await Promise.all(
        Array.from({ length: 50 }, (_, n) => ask('/nocodemba?promo_var=43', browser(100 + n))),
      )
      expect(new Set(answered.map(({ status }) => status))).toEqual(new Set([307]))
      const started = performance.now()
      expect(await opened.running.stop()).toBe(0)
      expect(performance.now() - started).toBeLessThan(20_000)
      const { sql } = opened.database
      const rows = await sql`select count(*)::integer from promo_click_tracking where variation_id = 43`
      expect([...rows]).toEqual([{ count: 50 }])
      expect(await findDrift(sql)).toEqual([])
    })

    test.each(commands)('answers and records in astro %s', async (command) => {
      const running = await opened.restart(astro(opened.folder, command, opened.port))
      const person = browser(command === 'dev' ? 7 : 8)
      const link = await ask('/nocodemba?promo_var=44', person)
      expect([link.status, link.headers.location]).toEqual([307, expect.stringContaining('merchant.example')])
      const { status } = await askHost({ ...running, url: new URL(running.url).origin }, `${site.base}/`)
      expect(status).toBeLessThan(400)
      // These are folders, with pages below them but none of their own.
      for (const word of site.words.filter((one) => one !== 'pagefind' && one !== 'guides')) {
        const page = await askHost(running, `${site.base}/${word}`)
        expect([word, page.headers.location ?? '']).toEqual([
          word,
          expect.not.stringContaining('hidden.example'),
        ])
      }
      await untilDrained(running)
      await running.stop()
      const rows = await opened.database
        .sql`select verdict from promo_click_tracking where user_agent = ${person.headers['user-agent']}`
      expect([...rows]).toEqual([{ verdict: 'human' }])
    })

    test.runIf(site.name === 'client-router')('a click in a browser counts once', async () => {
      const { sql } = opened.database
      await opened.restart()
      const chromium = await launchBrowser()
      const page = await chromium.newPage({ userAgent: personsUserAgent })
      await page.goto(opened.running.url)
      await page.getByText('Gallery').click()
      await page.getByRole('heading', { name: 'Gallery' }).waitFor()
      await page.getByText("Today's promo").hover()
      await page.getByText("Today's promo").click()
      // The merchant is out of reach.
      await expect.poll(() => page.url()).toContain('chrome-error')
      await page.goto(opened.running.url)
      await page.getByText('Sign in').click()
      await page.getByLabel('Password').waitFor()
      await chromium.close()
      await untilDrained(opened.running)
      // What the router loads before the click, and in place of it, is no navigation.
      const clicks = await sql<{ verdict: string }[]>`
        select verdict from promo_click_tracking where user_agent = ${personsUserAgent}
      `
      expect(clicks.filter(({ verdict }) => verdict !== 'machine')).toEqual([{ verdict: 'human' }])
      await opened.running.stop()
    })

    test('loses no answered click when it is killed', async () => {
      const { database } = opened
      await emptyDatabase(database.sql)
      await insertPromos(database.sql)
      const ledger = createLedger(site.base)
      for (let kills = 0; kills < 2; kills += 1) {
        const running = await opened.restart()
        const load = new AbortController()
        const before = ledger.answered.size
        const runs = (['visit', 'report', 'impression'] as const).map((kind) =>
          ledger.load(kind, { url: running.url, connections: 2, signal: load.signal, pause: 1 }),
        )
        await waitUntil(() => ledger.answered.size > before + 200, 1)
        await running.kill()
        load.abort()
        await Promise.all(runs)
      }
      await untilDrained(await opened.restart())
      await expectExactlyOnce(database.sql, ledger)
    })
  })
}

/** What a page loads, and where its links lead on its site. */
const addressesIn = (html: string): string[] =>
  [
    ...new Set(
      [...html.matchAll(/(?:href|src|action)="(\/[^"#]*)/g)].map(([, address = '']) =>
        address.replaceAll('&amp;', '&'),
      ),
    ),
  ].filter((address) => !address.includes('/sign-out'))
