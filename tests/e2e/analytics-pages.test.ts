import { mkdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import type { Browser, Page } from 'playwright'
import postgres from 'postgres'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { accessibilityFaults, rulesOfColours } from '../support/accessibility.ts'
import { launchBrowser, takePicture } from '../support/browser.ts'
import { overlappingTexts } from '../support/overlapping-text.ts'
import { closeEditorsSite, type EditorsSite, openEditorsSite, withEditorsPage } from './analytics-site.ts'
import { recordYear } from './analytics-year.ts'

const screenshots = 'test-output'
const desktop = { width: 1280, height: 900 }
const phone = { width: 375, height: 800 }
const kilobytes = 1024

let browser: Browser
let year: EditorsSite
let empty: EditorsSite

beforeAll(async () => {
  mkdirSync(screenshots, { recursive: true })
  browser = await launchBrowser()
  year = await openEditorsSite(browser, recordYear)
  empty = await openEditorsSite(browser, async () => {})
})

afterAll(async () => {
  await browser?.close()
  if (year) await closeEditorsSite(year)
  if (empty) await closeEditorsSite(empty)
})

/** Labels in charts that touch the next one, by their texts. */
const overlaps = (): string[] => {
  const boxOf = (element: Element) => {
    const range = document.createRange()
    range.selectNodeContents(element)
    const { left, right, width } = range.getBoundingClientRect()
    const most = element.parentElement?.matches('.chart-name')
      ? element.parentElement.getBoundingClientRect().right
      : right
    return { text: element.textContent ?? '', left, right: Math.min(right, most), width }
  }
  const rows = [...document.querySelectorAll('.chart-x, g:has(> .chart-name)')].map((row) =>
    [...row.querySelectorAll('text, .chart-name > div')].map(boxOf).filter(({ width }) => width > 0),
  )
  return rows.flatMap((labels) =>
    labels
      .toSorted((a, b) => a.left - b.left)
      .flatMap((label, index, all) => {
        const next = all[index + 1]
        return next && label.right + 3 > next.left ? [`${label.text} | ${next.text}`] : []
      }),
  )
}

/**
 * Opens what is closed, and leaves three rows of each make: to axe those that follow are nothing new, and take
 * its time.
 */
const prepareForAxe = () => {
  for (const details of document.querySelectorAll('details')) details.open = true
  for (const body of document.querySelectorAll('tbody')) {
    const seen = new Map<string, number>()
    for (const row of [...body.rows]) {
      const parts = [...row.querySelectorAll('*')].map(
        (part) => `${part.tagName}.${part.getAttribute('class')}`,
      )
      const make = `${row.className} ${parts.join(' ')}`
      const times = (seen.get(make) ?? 0) + 1
      seen.set(make, times)
      if (times > 3) row.remove()
    }
  }
}

/** What goes beyond the page, and tables beyond their cards. */
const widerThanTheirPlace = (): string[] => {
  const { clientWidth, scrollWidth } = document.documentElement
  const tables = [...document.querySelectorAll('.scroll')]
    .filter((table) => table.scrollWidth > table.clientWidth + 1)
    .map((table) => table.getAttribute('aria-label') ?? '')
  return scrollWidth > clientWidth + 1 ? ['page', ...tables] : tables
}

const pages = [
  { name: 'overview', path: '/analytics?days=365', heading: 'What works' },
  { name: 'offer', path: '/analytics/offers/104?days=365', heading: 'Ampersand & <Sons> – "quoted"' },
  { name: 'sends', path: '/analytics/sends?days=365', heading: 'Sends' },
]

describe.each(pages)('the page $path', ({ name, path, heading }) => {
  test.each([
    { colorScheme: 'light', viewport: desktop },
    { colorScheme: 'dark', viewport: desktop },
    { colorScheme: 'light', viewport: phone },
    { colorScheme: 'dark', viewport: phone },
  ] as const)('is readable by everybody, $colorScheme, $viewport.width wide', async (options) => {
    await withEditorsPage(browser, year, path, options, async (page, status) => {
      expect(status).toBe(200)
      expect(await page.locator('h1').allTextContents()).toEqual([heading])
      const scrolled = await page.evaluate(
        () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
      )
      expect(scrolled).toBe(0)
      expect(await page.evaluate(overlappingTexts)).toEqual([])
      const picture = `analytics-${name}-${options.colorScheme}-${options.viewport.width}.png`
      await takePicture(page, join(screenshots, picture))
      // What axe looks at does not depend on the width, and it takes its time.
      if (options.viewport === phone) return
      await page.evaluate(prepareForAxe)
      const rules = options.colorScheme === 'dark' ? rulesOfColours : undefined
      expect(await accessibilityFaults(page, rules)).toEqual([])
    })
  })

  test('stays small with a year of twenty offers', async () => {
    await withEditorsPage(browser, year, path, {}, async (page, _, html) => {
      expect(Buffer.byteLength(html) / kilobytes).toBeLessThan(150)
      expect(html).not.toMatch(/<style|\sstyle=|\son\w+=|<script(?![^>]* src=)/)
      expect(await page.locator('th:not([scope])').count()).toBe(0)
      expect(await page.locator('script').evaluateAll((all) => all.length)).toBe(1)
    })
    expect(statSync('src/public/_promo/analytics.js').size / kilobytes).toBeLessThan(10)
  })

  test('says the same without JavaScript', async () => {
    await withEditorsPage(browser, year, path, { javaScriptEnabled: false }, async (page) => {
      expect(await page.locator('h2').count()).toBeGreaterThan(1)
      for (const section of await page.locator('section:has(.file)').all()) {
        expect((await section.locator('p').first().textContent())?.length).toBeGreaterThan(15)
      }
      await page.getByText('Show the figures').first().click()
      expect(await page.locator('figure table').first().isVisible()).toBe(true)
      await page.getByRole('link', { name: '90 days' }).click()
      expect(new URL(page.url()).searchParams.get('days')).toBe('90')
      expect(await page.getByRole('link', { name: '90 days' }).getAttribute('aria-current')).toBe('true')
    })
  })

  test('is usable by keyboard', async () => {
    await withEditorsPage(browser, year, path, {}, async (page) => {
      await page.keyboard.press('Tab')
      expect(await page.locator(':focus').textContent()).toBe('Skip to the figures')
      await page.keyboard.press('Enter')
      expect(await page.locator(':focus').getAttribute('id')).toBe('content')
      const reached: string[] = []
      for (let step = 0; step < 30 && !reached.includes('7 days'); step += 1) {
        await page.keyboard.press('Tab')
        reached.push((await page.locator(':focus').textContent()) ?? '')
        const outline = await page
          .locator(':focus')
          .evaluate((element) => getComputedStyle(element).outlineStyle)
        expect(outline).not.toBe('none')
      }
      await page.keyboard.press('Enter')
      await page.waitForURL('**days=7**')
    })
  })

  test('prints on few pages, one for the overview and for an offer', async () => {
    await withEditorsPage(browser, year, path, {}, async (page) => {
      const pdf = (await page.pdf({ format: 'A4' })).toString('latin1')
      expect(pdf.match(/\/Type\s*\/Page\b/g)?.length).toBeLessThanOrEqual(name === 'sends' ? 3 : 1)
      await page.emulateMedia({ media: 'print' })
      await page.setViewportSize({ width: 740, height: 1060 })
      for (const control of await page.locator('.toolbar, .leave, .file, .pages, .exports').all())
        expect(await control.isVisible()).toBe(false)
      expect(await page.locator('h1').isVisible()).toBe(true)
      // Nothing is cut: neither the page nor a table is wider than the paper.
      expect(await page.evaluate(widerThanTheirPlace)).toEqual([])
      expect(await page.evaluate(overlappingTexts)).toEqual([])
      expect(await page.locator('.shown').textContent()).toMatch(
        / to .* in UTC\. Clicks by people.* Read on /s,
      )
      expect(await page.locator('.shown').isVisible()).toBe(true)
      // The page says what it leaves out.
      const hidden = await page
        .locator('.texts tbody tr:not(.group)')
        .evaluateAll((rows) => rows.filter((row) => !row.checkVisibility()).length)
      const told = await page.getByText(/^Printed: the first .* texts/).count()
      expect(told).toBe(hidden > 0 ? 1 : 0)
      const charts = await page.locator('.chart-plot').all()
      for (const chart of charts) expect(await chart.isVisible()).toBe(true)
    })
  })

  test('says what to do while there is no data', async () => {
    const unsent = path.replace('104', '4')
    await withEditorsPage(browser, empty, unsent, { viewport: phone }, async (page, status) => {
      expect(status).toBe(200)
      const main = (await page.locator('main').textContent()) ?? ''
      expect(main).toMatch(/newsletter (script )?reports?/)
      expect(main).not.toMatch(/NaN|undefined|null|Infinity/)
      // Charts without data are left out, except for the one that says what it will show.
      expect(await page.getByRole('heading', { name: /Devices|When|machines/ }).count()).toBe(0)
      expect(await page.locator('svg').count()).toBe(0)
      await takePicture(page, join(screenshots, `analytics-${name}-empty.png`))
      expect(await accessibilityFaults(page)).toEqual([])
    })
  })
})

test.each(['/analytics?days=90', '/analytics?days=30', '/analytics/offers/104?days=90'])(
  'labels of charts do not overlap on a phone: %s',
  async (path) => {
    await withEditorsPage(browser, year, path, { viewport: phone }, async (page) => {
      expect(await page.evaluate(overlaps)).toEqual([])
    })
  },
)

test('on a phone tables show their rates, hint that they scroll, and have no empty band above them', async () => {
  await withEditorsPage(browser, year, '/analytics?days=90', { viewport: phone }, async (page) => {
    for (const [label, head] of [
      ['Texts, best first', 'Likely click rate'],
      ['Sends, newest first', 'Click rate'],
    ] as const) {
      const table = page.getByRole('region', { name: label })
      expect(await table.locator('thead th').nth(1).textContent()).toBe(head)
      const seen = await table.evaluate((element) => {
        const { right } = element.getBoundingClientRect()
        const rate = element.querySelector('tbody tr > :nth-child(2)')?.getBoundingClientRect()
        return {
          rate: rate !== undefined && rate.right <= right,
          head: element.querySelector('thead')?.clientHeight ?? 0,
          shadow: getComputedStyle(element).backgroundAttachment,
          scrolls: element.scrollWidth > element.clientWidth,
        }
      })
      expect(seen).toMatchObject({ rate: true, scrolls: true, shadow: 'local, local, scroll, scroll' })
      expect(seen.head).toBeLessThan(45)
    }
    const cut = await page
      .locator('#reasons .chart-name')
      .evaluateAll((names) => names.filter((name) => name.scrollWidth > name.clientWidth + 1).length)
    expect(cut).toBe(0)
  })
})

test('an editor sees which text leads, opens it, and finds the same figures in the files', async () => {
  await withEditorsPage(browser, year, '/analytics?days=365&tz=Europe/Oslo', {}, async (page) => {
    const row = page.locator('.texts tbody tr:not(.group)').first()
    await row.locator('summary').click()
    expect(await row.locator('details p').first().textContent()).toContain('nothing to install')
    const clicks = (await page.locator('.headline .figure').nth(1).textContent())?.replaceAll(',', '')
    const json = await page.getByRole('link', { name: 'All of this as JSON' }).getAttribute('href')
    const answer = await page.request.get(new URL(json ?? '', page.url()).href)
    const report = await answer.json()
    expect(report.summary.human_clicks).toBe(Number(clicks))
    expect(Object.keys(report)).toEqual(
      expect.arrayContaining(['variations', 'timeline', 'sends', 'attributes']),
    )
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('link', { name: 'CSV file: Texts' }).click(),
    ])
    expect(download.suggestedFilename()).toBe('promo-variations.csv')
    const files = await page
      .locator('a.file')
      .evaluateAll((links) => links.map((link) => link.getAttribute('href')))
    expect(files.length).toBeGreaterThan(7)
    for (const file of files) {
      expect(file).toContain('days=365')
      expect(file).toContain('tz=Europe%2FOslo')
      expect(file).toContain('clicks=human')
      const csv = await page.request.get(new URL(file ?? '', page.url()).href)
      expect([file, csv.status()]).toEqual([file, 200])
      expect((await csv.text()).split('\n').length).toBeGreaterThan(1)
    }
  })
})

test('"In short" shows three offers, the others on a click, whatever the period', async () => {
  const told: string[][] = []
  for (const days of ['365', '7'])
    await withEditorsPage(browser, year, `/analytics?days=${days}`, {}, async (page) => {
      const findings = page.locator('.answer .findings a')
      told.push(await findings.allTextContents())
      expect(await findings.nth(2).isVisible()).toBe(true)
      expect(await findings.nth(3).isVisible()).toBe(false)
      await page.getByText(`${(await findings.count()) - 3} more offers`).click()
      expect(await findings.last().isVisible()).toBe(true)
    })
  expect(told[0]?.length).toBeGreaterThanOrEqual(20)
  expect(told[1]).toEqual(told[0])
})

test('a paused offer says so, and is not announced for the next send', async () => {
  const weigh = (weight: number) =>
    empty.database.run((sql) => sql`update promo_offers set weight = ${weight} where id = 4`)
  const paused = 'This offer is paused (weight 0), so the newsletter does not choose it.'
  await weigh(0)
  try {
    await withEditorsPage(browser, empty, '/analytics/offers/4', {}, async (page) => {
      expect(await page.locator('.answer .soft').textContent()).toBe(paused)
      expect(await page.locator('section[aria-labelledby="next"] .says').textContent()).toBe(paused)
      expect(await page.locator('main').textContent()).not.toContain('It shows up here')
    })
    await withEditorsPage(browser, empty, '/analytics', {}, async (page) => {
      const advice = await page.locator('.findings .soft').allTextContents()
      expect(advice.filter((text) => text === paused)).toHaveLength(1)
    })
  } finally {
    await weigh(1)
  }
})

test('from the overview a link leads to an offer and keeps the period, the zone and the way of counting', async () => {
  await withEditorsPage(browser, year, '/analytics?days=90&tz=Asia/Tokyo&clicks=all', {}, async (page) => {
    await page.locator('.findings a').first().click()
    await page.waitForURL('**/analytics/offers/**')
    const { searchParams } = new URL(page.url())
    expect(Object.fromEntries(searchParams)).toEqual({ days: '90', tz: 'Asia/Tokyo', clicks: 'all' })
    await page.getByText('Custom range').click()
    await page.getByLabel('From', { exact: true }).fill('2026-01-01')
    await page.getByLabel('To', { exact: true }).fill('2026-02-01')
    await page.getByRole('button', { name: 'Show' }).click()
    await page.waitForURL('**from=2026-01-01**')
    expect(await page.locator('h2').allTextContents()).toContain('1 Jan 2026 to 1 Feb 2026')
    expect(await page.getByRole('link', { name: 'All clicks' }).getAttribute('aria-current')).toBe('true')
  })
})

test('the script offers the browser’s time zone, and the figures refresh while the page is open', async () => {
  const options = { timezoneId: 'America/Denver' }
  await withEditorsPage(browser, year, '/analytics', options, async (page) => {
    await page.getByText('Custom range').click()
    await page.getByRole('button', { name: 'Use America/Denver' }).click()
    expect(await page.getByLabel('Time zone').inputValue()).toBe('America/Denver')
    expect(await page.locator(':focus').getAttribute('name')).toBe('tz')
    await page.clock.install()
    await page.reload()
    const before = await page.locator('.headline .figure').nth(1).textContent()
    await page
      .locator('.headline .figure')
      .nth(1)
      .evaluate((figure) => figure.replaceChildren('old'))
    const [request] = await Promise.all([
      page.waitForRequest((one) => one.resourceType() === 'fetch'),
      page.clock.fastForward(61_000),
    ])
    expect(request.headers()['x-unattended']).toBe('yes')
    await expect.poll(() => page.locator('.headline .figure').nth(1).textContent()).toBe(before)
  })
})

test('a refresh replaces texts and figures, and keeps what was opened, focused, scrolled and typed', async () => {
  await withEditorsPage(browser, year, '/analytics?days=90', { viewport: phone }, async (page) => {
    await page.clock.install()
    await page.reload()
    const everything = () =>
      page.evaluate(() =>
        [...document.querySelectorAll('main section')].map((section) => section.textContent),
      )
    const before = await everything()
    await page.getByText('Custom range').click()
    await page.getByLabel('Time zone').fill('Asia/T')
    await page.locator('.texts details').first().locator('summary').click()
    await page.evaluate(() => {
      const texts = document.createTreeWalker(
        document.querySelector('main') ?? document,
        NodeFilter.SHOW_TEXT,
      )
      const old: Node[] = []
      while (texts.nextNode())
        if (texts.currentNode.parentElement?.closest('section')) old.push(texts.currentNode)
      for (const text of old) text.textContent = 'old'
      document.querySelector('.texts tbody:last-child')?.remove()
      document.querySelector('.findings')?.append(document.createElement('li'))
      document.querySelector('.scroll:has(.texts)')?.scrollTo(120, 0)
      document.querySelector<HTMLElement>('.texts summary')?.focus()
    })
    const place = () =>
      page.evaluate(() => ({
        seen: (document.activeElement?.getBoundingClientRect().top ?? -1) > 0 && scrollY > 0,
        left: document.querySelector('.scroll:has(.texts)')?.scrollLeft,
        focused: document.activeElement?.localName,
        open: document.querySelectorAll('details[open]').length,
        typed: document.querySelector<HTMLInputElement>('[data-zone]')?.value,
      }))
    const kept = await place()
    expect(kept).toMatchObject({ seen: true, left: 120, focused: 'summary', open: 2, typed: 'Asia/T' })
    await page.clock.fastForward(61_000)
    await expect.poll(everything).toEqual(before)
    expect(await place()).toEqual(kept)
    expect(await page.locator('main [aria-live]').count()).toBe(1)
  })
})

test.each(['/analytics?days=365', '/analytics/offers/104?days=365'])(
  'on a phone the verdict and its figure are on the first screen: %s',
  async (path) => {
    await withEditorsPage(browser, year, path, { viewport: { width: 390, height: 844 } }, async (page) => {
      for (const part of ['.answer .findings li', '.answer .main-figure']) {
        const box = await page.locator(part).first().boundingBox()
        expect([part, (box?.y ?? Infinity) + (box?.height ?? 0) < 844]).toEqual([part, true])
      }
      expect(await page.locator('.answer .main-figure').textContent()).toMatch(
        /^[\d.]+.%.*likely click rate of/,
      )
    })
  },
)

test('with forced colours, a selection is visible by more than colour', async () => {
  await withEditorsPage(browser, year, '/analytics', { forcedColors: 'active' }, async (page) => {
    const looks = (part: string) =>
      page
        .locator(part)
        .first()
        .evaluate((element) => {
          const { outlineStyle, fontWeight, textDecorationLine, borderStyle, color, backgroundColor } =
            getComputedStyle(element)
          return {
            outlineStyle,
            fontWeight,
            textDecorationLine,
            borderStyle,
            readable: color !== backgroundColor,
          }
        })
    const others = await looks('.choice a:not([aria-current])')
    expect(others).toMatchObject({ outlineStyle: 'none', textDecorationLine: 'none' })
    for (const choice of ['[aria-label="Period"]', '[aria-label="Clicks that count"]'])
      expect(await looks(`${choice} a[aria-current]`)).toMatchObject({
        outlineStyle: 'solid',
        fontWeight: '700',
        textDecorationLine: 'underline',
        readable: true,
      })
    expect((await looks('.pages a[aria-current]')).fontWeight).toBe('700')
    expect((await looks('.label')).borderStyle).toBe('solid')
  })
})

const answersWith = (status: number) => new RegExp(`responded with a status of ${status}`)

test('an invalid parameter is named, and the page still works', async () => {
  const path = '/analytics?days=12&tz=Europe/Oslo&colour=red&utm_source=chat'
  const use = async (page: Page, status: number) => {
    expect(status).toBe(400)
    const alert = (await page.getByRole('alert').textContent()) ?? ''
    expect(alert).toContain('days must be 7, 30, 90, 365 or all')
    expect(alert).not.toContain('colour')
    expect(alert).not.toContain('tz')
    expect(alert).not.toContain('utm_source')
    expect(await page.locator('h2').count()).toBeGreaterThan(5)
    expect(await page.getByText('(Europe/Oslo)').count()).toBeGreaterThan(0)
  }
  await withEditorsPage(browser, year, path, {}, use, answersWith(400))
})

test.each(['999999', 'abc', '0'])('the page of an offer that does not exist says so: %s', async (id) => {
  const use = async (page: Page, status: number) => {
    expect(status).toBe(404)
    expect(await page.locator('h1').textContent()).toBe('No such offer')
  }
  await withEditorsPage(browser, year, `/analytics/offers/${id}`, {}, use, answersWith(404))
})

test('while the database is down the page says that redirects still work', async () => {
  const name = new URL(empty.running.database.url).pathname.slice(1)
  const admin = postgres(inject('serverUrl'), { max: 1 })
  await withEditorsPage(browser, empty, '/analytics', {}, async () => {})
  await admin`alter database ${admin(name)} with allow_connections false`
  await admin`select pg_terminate_backend(pid) from pg_stat_activity where datname = ${name}`
  const use = async (page: Page, status: number) => {
    expect(status).toBe(503)
    expect(await page.locator('main').textContent()).toContain('Promo links still redirect')
    expect(await page.getByRole('link', { name: '7 days' }).count()).toBe(1)
  }
  try {
    await withEditorsPage(browser, empty, '/analytics?days=7', {}, use, answersWith(503))
  } finally {
    await admin`alter database ${admin(name)} with allow_connections true`
    await admin.end()
  }
})
