import { execFileSync, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Browser, BrowserContextOptions, Page } from 'playwright'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ask, type RunningSite, runSite, untilFlushed } from '../pages/running-site.ts'
import { launchBrowser, personsUserAgent, takePicture } from '../support/browser.ts'
import { findDrift, insertPromos } from '../support/database.ts'
import { steadyPort } from '../support/steady-port.ts'

const screenshots = 'test-output'
const hasPython = spawnSync('python3', ['--version']).status === 0

let browser: Browser
let merchant: Server
let merchantUrl: string
let running: RunningSite
let folder: string

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'promo-e2e-'))
  mkdirSync(screenshots, { recursive: true })
  merchant = createServer((_, response) =>
    response.end('<!doctype html><title>The merchant</title><h1>Welcome</h1>'),
  )
  await once(merchant.listen(0, '127.0.0.1'), 'listening')
  const address = merchant.address()
  merchantUrl = `http://127.0.0.1:${typeof address === 'object' && address ? address.port : 0}`
  browser = await launchBrowser()
  const port = await steadyPort()
  running = await runSite(
    { PORT: String(port), SITE_URL: `http://127.0.0.1:${port}` },
    {
      async prepare(sql) {
        await insertPromos(sql)
        await sql`update affiliate_links set destination_url = ${`${merchantUrl}/offer?from=`} || slug`
      },
    },
  )
})

afterAll(async () => {
  await browser?.close()
  await running?.end()
  merchant?.closeAllConnections()
  merchant?.close()
  rmSync(folder, { recursive: true, force: true })
})

/** Opens a page and hands it over; nothing may be said in its console but what `expected` matches. */
async function withPage(
  options: BrowserContextOptions,
  use: (page: Page) => Promise<void>,
  expected = /^$/,
): Promise<void> {
  const context = await browser.newContext({ userAgent: personsUserAgent, ...options })
  const page = await context.newPage()
  const said: string[] = []
  page.on('console', (message) => void (/error|warning/.test(message.type()) && said.push(message.text())))
  page.on('pageerror', (error) => void said.push(error.message))
  await use(page)
  await context.close()
  expect(said.filter((text) => !expected.test(text))).toEqual([])
}

/** The newsletter as a reader gets it: a file that has nothing to do with the site but its link. */
async function writeNewsletter(): Promise<string> {
  if (hasPython) {
    const api = `${running.site.url}/api/v1/promo`
    execFileSync(
      'python3',
      ['src/clients/python/newsletter.py', '--api', api, '--out', folder, '--recipients', '1200'],
      { stdio: 'ignore' },
    )
  } else {
    const { link, text_content } = JSON.parse((await ask(running.site, '/api/v1/promo/select-random')).body)
    const href = String(link).replaceAll('&', '&amp;')
    writeFileSync(
      join(folder, 'newsletter.html'),
      `<!doctype html><p>${text_content}<p><a href="${href}">Read more</a>`,
    )
  }
  return pathToFileURL(join(folder, 'newsletter.html')).href
}

test('a reader clicks the promo of the newsletter, lands at the merchant, and is counted as a person', async () => {
  const newsletter = await writeNewsletter()
  await withPage({}, async (page) => {
    await page.goto(newsletter)
    await takePicture(page, join(screenshots, 'newsletter.png'))
    const link = page.locator('a[href*="promo_var="]').first()
    const variation = Number(new URL((await link.getAttribute('href')) ?? '').searchParams.get('promo_var'))
    await link.click()
    await page.waitForURL(`${merchantUrl}/**`)
    expect(await page.title()).toBe('The merchant')
    expect(new URL(page.url()).searchParams.has('promo_var')).toBe(false)
    await untilFlushed(running.site)
    const rows = await running.database.sql`
      select variation_id, verdict, reason, user_agent, ip_hash is not null as hashed from promo_click_tracking
    `
    expect([...rows]).toEqual([
      {
        variation_id: variation,
        verdict: 'human',
        // The newsletter went out seconds ago, which alone says nothing against a reader.
        reason: 'soon_after_send',
        user_agent: personsUserAgent,
        hashed: true,
      },
    ])
    expect(await findDrift(running.database.sql)).toEqual([])
  })
})

const phone = { width: 360, height: 740 }
const desktop = { width: 1280, height: 800 }

const brief = { name: 'The Daily Brief', path: '/' }
const lost = { status: 404, heading: 'This page is not in today’s issue', home: brief }
const pages = [
  { name: 'home', path: '/', status: 200, heading: 'A promo goes out, a click comes back', home: brief },
  {
    ...{ name: 'api-reference', path: '/api/v1/promo/reference', status: 200, heading: 'API' },
    home: { name: 'Promo analytics', path: '/analytics' },
  },
  { name: 'unknown-slug', path: '/no-such-promo', ...lost },
  { name: 'unknown-path', path: '/a/b/c', ...lost },
]

describe.each(pages)('the page $path', ({ name, path, status, heading, home }) => {
  test.each([
    { colorScheme: 'light', viewport: desktop },
    { colorScheme: 'dark', viewport: desktop },
    { colorScheme: 'light', viewport: phone },
    { colorScheme: 'dark', viewport: phone },
  ] as const)(
    "is the site's own, $colorScheme, $viewport.width pixels wide",
    async ({ colorScheme, viewport }) => {
      // The browser logs a page that is not found.
      const expected = status === 404 ? /Failed to load resource: .* 404/ : undefined
      await withPage(
        { colorScheme, viewport },
        async (page) => {
          const failed: string[] = []
          page.on('response', (response) => void (response.status() >= 400 && failed.push(response.url())))
          const response = await page.goto(`${running.site.url}${path}`)
          expect(response?.status()).toBe(status)
          expect(failed).toEqual(status === 404 ? [`${running.site.url}${path}`] : [])
          expect(await page.locator('h1').allTextContents()).toEqual([heading])
          expect(await page.locator('header').textContent()).toContain(home.name)
          expect(await page.locator('main a, header a').first().getAttribute('href')).toBe(home.path)
          const [scrolled, lightness] = await page.evaluate(() => {
            const [red = 0, green = 0, blue = 0] = (
              getComputedStyle(document.body).backgroundColor.match(/[\d.]+/g) ?? []
            ).map(Number)
            return [
              document.documentElement.scrollWidth - document.documentElement.clientWidth,
              (red + green + blue) / 3,
            ]
          })
          expect(scrolled).toBe(0)
          if (colorScheme === 'light') expect(lightness).toBeGreaterThan(200)
          else expect(lightness).toBeLessThan(60)
          const picture = join(screenshots, `${name}-${colorScheme}-${viewport.width}.png`)
          // The reference of the API is dozens of screens long, which takes seconds.
          await takePicture(page, picture, name !== 'api-reference')
        },
        expected,
      )
    },
  )
})

/** What of a page is Markdown that nothing has turned into HTML; what stands in code may be anything but a backtick. */
const rawMarkdown = (): string[] => {
  const told = [...document.querySelectorAll('[aria-label], [title], meta[name=description], title')].map(
    (one) =>
      one.getAttribute('aria-label') ??
      one.getAttribute('title') ??
      one.getAttribute('content') ??
      one.textContent ??
      '',
  )
  const code = [...document.querySelectorAll('code:not(pre code)')].map((one) => one.textContent ?? '')
  for (const one of document.querySelectorAll('pre, code, script, style')) one.remove()
  const lines = [document.body.textContent ?? '', ...told].flatMap((text) => text.split('\n'))
  return [
    ...lines.filter((line) => /[`|]|\*\S|\S\*|\]\(|\]\[|^\s*(#{1,6}|[-*+]) /.test(line)),
    ...code.filter((text) => text.includes('`')),
  ]
}

test('no page of the guides shows raw Markdown', async () => {
  const { url } = running.site
  await withPage({}, async (page) => {
    const [known, seen] = [new Set(['/docs']), new Map<string, string[]>()]
    for (const path of known) {
      await page.goto(`${url}${path}`)
      for (const link of await page
        .locator('a[href]')
        .evaluateAll((all) => all.map((a) => (a as HTMLAnchorElement).href)))
        if (link.startsWith(`${url}/docs/`)) known.add(new URL(link).pathname.replace(/\.md$/, ''))
      seen.set(path, await page.evaluate(rawMarkdown))
    }
    expect(seen.size).toBeGreaterThan(20)
    expect([...seen].filter(([, raw]) => raw.length > 0)).toEqual([])
  })
})

/** The options in a page's text of which not all stands in one line. */
const brokenOptions = (): string[] =>
  [...document.querySelectorAll('code:not(pre code)')].flatMap((code) => {
    const texts = document.createTreeWalker(code, NodeFilter.SHOW_TEXT)
    const broken: string[] = []
    for (let node = texts.nextNode(); node; node = texts.nextNode())
      for (const { 0: option, index } of (node.textContent ?? '').matchAll(/--[a-z][a-z-]*/g)) {
        const range = document.createRange()
        range.setStart(node, index)
        range.setEnd(node, index + option.length)
        if (new Set([...range.getClientRects()].map(({ top }) => top)).size > 1) broken.push(option)
      }
    return broken
  })

test('no option of a command is broken between its hyphens, however narrow the page', async () => {
  await withPage({}, async (page) => {
    const seen = new Map<string, string[]>()
    for (const name of ['commands', 'mautic', 'conversions', 'newsletter-script']) {
      await page.goto(`${running.site.url}/docs/${name}`)
      expect(await page.locator('code:not(pre code)', { hasText: /--[a-z]/ }).count()).toBeGreaterThan(0)
      for (let width = 320; width <= 480; width += 8) {
        await page.setViewportSize({ width, height: 800 })
        seen.set(`${name} at ${width}`, await page.evaluate(brokenOptions))
        const { scrolled } = await page.evaluate(() => ({
          scrolled: document.documentElement.scrollWidth - document.documentElement.clientWidth,
        }))
        expect(scrolled).toBe(0)
      }
    }
    expect([...seen].filter(([, broken]) => broken.length > 0)).toEqual([])
  })
})

test('the 404 page leads a reader to the home page', async () => {
  await withPage(
    {},
    async (page) => {
      await page.goto(`${running.site.url}/no-such-promo`)
      await page.getByRole('link', { name: 'Go to the front page' }).click()
      expect(new URL(page.url()).pathname).toBe('/')
      expect(await page.locator('h1').textContent()).toContain('A promo goes out')
    },
    /404/,
  )
})
